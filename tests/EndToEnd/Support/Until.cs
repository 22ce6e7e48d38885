namespace Milliways.EndToEnd.Support;

/// <summary>Asks again until the answer is yes. Each question is an answer of the server or the system; a bound makes a hang a failure.</summary>
internal static class Until
{
    public static async Task TrueAsync(Func<Task<bool>> question, string what, TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? Patience.Short);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10)); // so that asking does not take the CPU from the one who is asked
        while (!await question())
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"In vain was waited until {what}.");
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    public static Task TrueAsync(Func<bool> question, string what, TimeSpan? within = null) => TrueAsync(() => Task.FromResult(question()), what, within);
}
