using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Milliways.Linux.Files;

/// <summary>
/// Puts what was written to a file on the disk, and of what describes the file only what reading it back needs (fdatasync(2)). The platform's own flush also writes the time of the
/// change, which costs a file system with a journal a transaction each time.
/// </summary>
public static partial class DataSync
{
    private const int Interrupted = 4, InvalidArgument = 22, NoSuchCall = 38, NotSupported = 95;

    /// <summary>False: this file, or this system, does not know it, and nothing was flushed.</summary>
    /// <exception cref="IOException">Nobody knows what of the file is on the disk.</exception>
    public static bool TryFlush(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        while (fdatasync(file) < 0)
            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case InvalidArgument or NoSuchCall or NotSupported:
                    return false;
                case var error:
                    throw new IOException($"The file could not be flushed: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        return true;
    }

#pragma warning disable IDE1006 // The C library's name.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);
#pragma warning restore IDE1006
}
