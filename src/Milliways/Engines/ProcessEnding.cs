using System.Globalization;

namespace Milliways.Engines;

/// <summary>An exit code in words.</summary>
internal static class ProcessEnding
{
    /// <summary>Unix: a process that a signal ended is reported with this much more than the signal's number.</summary>
    private const int BySignal = 128;

    /// <summary>The numbers that are the same on Linux and macOS, and those of Linux where they differ.</summary>
    private static readonly Dictionary<int, string> Signals = new()
    {
        [1] = "SIGHUP", [2] = "SIGINT", [3] = "SIGQUIT", [4] = "SIGILL", [5] = "SIGTRAP", [6] = "SIGABRT", [7] = "SIGBUS", [8] = "SIGFPE", [9] = "SIGKILL",
        [11] = "SIGSEGV", [13] = "SIGPIPE", [14] = "SIGALRM", [15] = "SIGTERM", [24] = "SIGXCPU", [25] = "SIGXFSZ", [31] = "SIGSYS",
    };

    public static string Describe(int exitCode) =>
        !OperatingSystem.IsWindows() && Signals.TryGetValue(exitCode - BySignal, out var signal)
            ? $"signal {signal}"
            : string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}");
}
