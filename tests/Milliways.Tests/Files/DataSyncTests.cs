using System.IO.Pipes;
using Milliways.Linux.Files;
using Milliways.Tests.Support;

namespace Milliways.Tests.Files;

/// <summary>What flushes the journal. That it is called between a charge and the end of its answer, a trace shows (EndToEnd, FlushTraceTests).</summary>
public sealed class DataSyncTests
{
    [Fact]
    public void A_file_is_flushed_and_what_cannot_be_says_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "fdatasync is asked for on Linux only.");
        using var directory = new TempDirectory();
        using var file = File.Create(directory["file"]);
        using var pipe = new AnonymousPipeServerStream();
        using var pipeAsFile = new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);

        Assert.True(DataSync.TryFlush(file.SafeFileHandle));
        Assert.False(DataSync.TryFlush(pipeAsFile));
    }

    [Fact]
    public void A_file_that_is_not_there_any_more_is_an_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "fdatasync is asked for on Linux only.");
        using var nothing = new Microsoft.Win32.SafeHandles.SafeFileHandle(1_000_000, ownsHandle: false);

        Assert.Throws<IOException>(() => DataSync.TryFlush(nothing));
    }
}
