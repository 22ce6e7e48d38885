using Milliways.Engines;

namespace Milliways.Tests.Engines;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ProcessEndingTests
{
    [Theory]
    [InlineData(137, "signal SIGKILL")]
    [InlineData(139, "signal SIGSEGV")]
    [InlineData(134, "signal SIGABRT")]
    [InlineData(0, "exit code 0")]
    [InlineData(1, "exit code 1")]
    [InlineData(128, "exit code 128")]
    [InlineData(255, "exit code 255")]
    public void An_exit_code_says_whether_a_signal_ended_the_process(int code, string words) => Assert.Equal(words, ProcessEnding.Describe(code));
}
