using Milliways.Crash;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Crashes;

/// <summary>A hundred rounds of <c>./crash</c>: what was answered is charged, once, whenever the process is killed.</summary>
public sealed class CrashTests
{
    private const int Rounds = 102, Servers = 3;

    [Fact]
    public async Task Killed_at_a_hundred_random_points_under_load_no_completed_answer_is_uncharged_none_is_charged_twice_and_no_hold_is_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sends Unix signals and reads /proc, so it runs on Linux.");
        var totals = new CrashTotals();
        await Task.WhenAll(Enumerable.Range(1, Servers).Select(seed => new CrashRun(Repository.Executable, seed, totals).RunAsync(Rounds / Servers)));

        TestContext.Current.SendDiagnosticMessage(totals.ToString());
        Assert.Equal(Rounds, totals.Rounds);
        Assert.True(totals is { Completed: > Rounds, Torn: > Rounds, Granted: > 0, InStart: > 0, Stopped: > 0 }, totals.ToString());
        Assert.True(totals.Charges >= totals.Completed, totals.ToString());
    }
}
