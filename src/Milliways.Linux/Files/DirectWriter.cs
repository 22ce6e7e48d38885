using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Milliways.Linux.Files;

/// <summary>
/// Writes to a file past the page cache, and each write is on the disk when it returns (open(2), <c>O_DIRECT</c> and <c>O_DSYNC</c>): one call of the system in the place of a write and a flush, which
/// wait for the disk one after the other. For a file that is written from one end to the other: whole blocks are written, and what stood behind the bytes in their last block is zeros
/// afterwards. For one thread at a time.
/// </summary>
public sealed partial class DirectWriter : IDisposable
{
    /// <summary>Disks want addresses, places and lengths in multiples of their sectors, of which none is larger.</summary>
    private const int Block = 4096;

    private const long Unknown = -1;

    private const int Interrupted = 4, InvalidArgument = 22, NoSuchCall = 38, NotSupported = 95, WriteOnly = 1, DataSync = 0x1000, CloseOnExec = 0x80000;

    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _direct;
    private byte[] _memory = [];
    private int _first;
    private long _at = Unknown;
    private int _filled;

    private DirectWriter(SafeFileHandle file, SafeFileHandle direct) => (_file, _direct) = (file, direct);

    private static int Direct => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    /// <summary>Null: this system, or the file's, does not know it.</summary>
    /// <param name="file">Open for reading; stays with the caller, and open for as long as this is used.</param>
    public static DirectWriter? TryOpen(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return null;
        // The same file whatever its name means by now.
        var direct = open($"/proc/self/fd/{file.DangerousGetHandle()}", WriteOnly | Direct | DataSync | CloseOnExec, 0);
        return direct < 0 ? null : new DirectWriter(file, new SafeFileHandle(direct, ownsHandle: true));
    }

    /// <summary>False: it cannot be written so; all of it must be written in another way, from now on.</summary>
    /// <exception cref="IOException">No space, or the disk fails: any part of the bytes may be there.</exception>
    public bool TryWrite(long at, ReadOnlySpan<byte> bytes)
    {
        if (at != _at + _filled)
            Take(at);
        Reserve(_filled + bytes.Length);
        var whole = (_filled + bytes.Length + Block - 1) / Block * Block;
        var blocks = _memory.AsSpan(_first, whole);
        bytes.CopyTo(blocks[_filled..]);
        blocks[(_filled + bytes.Length)..].Clear();
        var (from, filled) = (_at, _filled + bytes.Length);
        (_at, _filled) = (Unknown, 0); // what is in the file is known when it has worked
        if (!TryWriteBlocks(from, blocks))
            return false;
        var kept = filled / Block * Block;
        blocks.Slice(kept, filled - kept).CopyTo(blocks);
        (_at, _filled) = (from + kept, filled - kept);
        return true;
    }

    public void Dispose() => _direct.Dispose();

    private bool TryWriteBlocks(long at, ReadOnlySpan<byte> blocks)
    {
        while (!blocks.IsEmpty)
        {
            var written = pwrite(_direct, in MemoryMarshal.GetReference(blocks), blocks.Length, at);
            if (written > 0)
            {
                at += written;
                blocks = blocks[(int)written..];
            }
            else if (written == 0)
                throw new IOException("The file could not be written: the system took nothing.");
            else if (Marshal.GetLastPInvokeError() is InvalidArgument or NoSuchCall or NotSupported)
                return false;
            else if (Marshal.GetLastPInvokeError() is var error and not Interrupted)
                throw new IOException($"The file could not be written: {Marshal.GetPInvokeErrorMessage(error)}");
        }
        return true;
    }

    /// <summary>What stands before a place in its block is written again with what comes there.</summary>
    private void Take(long at)
    {
        Reserve(Block);
        (_at, _filled) = (at / Block * Block, 0);
        var before = _memory.AsSpan(_first, (int)(at - _at));
        while (_filled < before.Length && RandomAccess.Read(_file, before[_filled..], _at + _filled) is > 0 and var read)
            _filled += read;
        before[_filled..].Clear();
        _filled = before.Length;
    }

    private void Reserve(int bytes)
    {
        if (_memory.Length - _first >= (bytes + Block - 1) / Block * Block)
            return;
        var before = _memory.AsSpan(_first, _filled);
        var memory = GC.AllocateArray<byte>(bytes * 2 + 2 * Block, pinned: true);
        _first = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0) & (Block - 1));
        before.CopyTo(memory.AsSpan(_first));
        _memory = memory;
    }

#pragma warning disable IDE1006 // The C library's names.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(SafeFileHandle file, in byte bytes, nint count, long at);
#pragma warning restore IDE1006
}
