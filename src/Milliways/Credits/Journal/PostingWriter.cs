using System.Buffers;
using System.Text;

namespace Milliways.Credits.Journal;

/// <summary>
/// Writes a posting's fields in the form in which <see cref="BinaryReader"/> reads them, without its writer's encoder and streams: every charge is written
/// under its account's lock. For one thread.
/// </summary>
internal sealed class PostingWriter
{
    private const int LongestNumber = 10;

    private readonly ArrayBufferWriter<byte> _bytes = new(512);

    public void Clear() => _bytes.ResetWrittenCount();

    /// <summary>In an array of the shared pool; whoever has it puts it back there.</summary>
    public ArraySegment<byte> ToRented()
    {
        var rented = ArrayPool<byte>.Shared.Rent(_bytes.WrittenCount);
        _bytes.WrittenSpan.CopyTo(rented);
        return new ArraySegment<byte>(rented, 0, _bytes.WrittenCount);
    }

    public void Write(byte value)
    {
        _bytes.GetSpan(1)[0] = value;
        _bytes.Advance(1);
    }

    public void Write(bool value) => Write(value ? (byte)1 : (byte)0);

    /// <summary>Seven bits a byte, the lowest first; a negative number has ten.</summary>
    public void Write(long value)
    {
        var span = _bytes.GetSpan(LongestNumber);
        var (rest, at) = ((ulong)value, 0);
        for (; rest > 0x7F; rest >>= 7)
            span[at++] = (byte)(rest | 0x80);
        span[at++] = (byte)rest;
        _bytes.Advance(at);
    }

    /// <summary>UTF-8 behind its length.</summary>
    public void Write(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Write((long)length);
        _bytes.Advance(Encoding.UTF8.GetBytes(text, _bytes.GetSpan(length)));
    }

    public void Write(Guid id)
    {
        id.TryWriteBytes(_bytes.GetSpan(16));
        _bytes.Advance(16);
    }
}
