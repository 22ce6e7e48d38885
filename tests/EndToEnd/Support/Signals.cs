using System.Globalization;
using System.Runtime.InteropServices;

namespace Milliways.EndToEnd.Support;

/// <summary>Signals to processes that a test started, and what the system tells of processes. Linux only, like the tests that use it.</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Stop = 19;

    public static void Send(int process, int signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sends Unix signals and reads /proc, so it runs on Linux.");
        Assert.True(process > 1);
        Assert.Equal(0, kill(process, signal));
    }

    /// <summary>The child with the first argument <c>engine</c>, or null.</summary>
    public static int? EngineOf(int parent)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sends Unix signals and reads /proc, so it runs on Linux.");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && Parent(process) == parent
                && Read($"/proc/{process}/cmdline").Split('\0') is [_, "engine", ..])
                return process;
        return null;
    }

    /// <summary>True while the process runs; a zombie has ended.</summary>
    public static bool Lives(int process) => State(process) is not (null or "Z" or "X");

    /// <summary>The value in the environment that the process was started with, or null.</summary>
    public static string? EnvironmentOf(int process, string name) =>
        Read($"/proc/{process}/environ").Split('\0').FirstOrDefault(item => item.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <summary>How gladly the system would kill the process when memory runs out; 1000 is the most.</summary>
    public static string OomScore(int process) => Read($"/proc/{process}/oom_score_adj").Trim();

    private static int? Parent(int process) => Stat(process) is [_, var parent, ..] ? int.Parse(parent, CultureInfo.InvariantCulture) : null;

    private static string? State(int process) => Stat(process) is [var state, ..] ? state : null;

    /// <summary>State, parent and more: what stands behind the program's name, which may hold anything.</summary>
    private static string[]? Stat(int process)
    {
        var text = Read($"/proc/{process}/stat");
        var name = text.LastIndexOf(')');
        return name < 0 ? null : text[(name + 2)..].Split(' ');
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}
