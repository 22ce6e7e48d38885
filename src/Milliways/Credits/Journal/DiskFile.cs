using Microsoft.Win32.SafeHandles;
using Milliways.Hosting;
using Milliways.Linux.Files;

namespace Milliways.Credits.Journal;

/// <summary>A file that nobody else may read, and no second process may open.</summary>
internal sealed class DiskFile : IJournalFile
{
    private readonly FileStream _stream;
    private readonly SafeFileHandle _handle;
    private DirectWriter? _direct;

    public DiskFile(string path)
    {
        _stream = DataDirectory.OpenPrivate(path);
        _handle = _stream.SafeFileHandle;
        _direct = DirectWriter.TryOpen(_handle);
    }

    public long Size => RandomAccess.GetLength(_handle);

    public int Read(long at, Span<byte> into)
    {
        var filled = 0;
        while (filled < into.Length && RandomAccess.Read(_handle, into[filled..], at + filled) is > 0 and var read)
            filled += read;
        return filled;
    }

    public void Write(long at, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_handle, bytes, at);

    public void Flush()
    {
        if (!DataSync.TryFlush(_handle))
            RandomAccess.FlushToDisk(_handle);
    }

    public void Append(long at, ReadOnlySpan<byte> bytes)
    {
        if (_direct?.TryWrite(at, bytes) == true)
            return;
        _direct?.Dispose();
        _direct = null; // its file system cannot, and will not
        Write(at, bytes);
        Flush();
    }

    public void Dispose()
    {
        _direct?.Dispose();
        _stream.Dispose();
    }
}
