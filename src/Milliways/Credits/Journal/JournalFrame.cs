using System.Buffers;
using System.Buffers.Binary;

namespace Milliways.Credits.Journal;

/// <summary>
/// One record in the file: its length, a check sum, its sequence, and the last sequence that was known to be on the disk when it was written, then what it
/// carries, filled up to eight bytes. The fourth number tells damage from a torn end: a frame that was flushed before a later one was written must be there.
/// </summary>
internal readonly record struct JournalFrame(long Sequence, long Flushed, ReadOnlyMemory<byte> Payload)
{
    public const int HeadBytes = 24;

    /// <summary>More is no record of ours.</summary>
    public const int MostPayload = 1 << 20;

    /// <summary>Frames begin at multiples of this.</summary>
    public const int Alignment = 8;

    public static int SizeOf(int payload) => (HeadBytes + payload + Alignment - 1) / Alignment * Alignment;

    public static void Write(IBufferWriter<byte> writer, long round, long sequence, long flushed, ReadOnlySpan<byte> payload)
    {
        var size = SizeOf(payload.Length);
        var frame = writer.GetSpan(size)[..size];
        frame.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], flushed);
        payload.CopyTo(frame[HeadBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Sum(round, frame, payload.Length));
        writer.Advance(size);
    }

    /// <summary>The frame that begins here; null when it is not whole or not of this round.</summary>
    public static JournalFrame? Read(ReadOnlyMemory<byte> bytes, long round)
    {
        var span = bytes.Span;
        if (span.Length < HeadBytes)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(span);
        if (length is <= 0 or > MostPayload || HeadBytes + length > span.Length || BinaryPrimitives.ReadUInt32LittleEndian(span[4..]) != Sum(round, span, length))
            return null;
        return new JournalFrame(BinaryPrimitives.ReadInt64LittleEndian(span[8..]), BinaryPrimitives.ReadInt64LittleEndian(span[16..]), bytes.Slice(HeadBytes, length));
    }

    private static uint Sum(long round, ReadOnlySpan<byte> frame, int length) => Crc32C.Of(frame.Slice(8, HeadBytes - 8 + length), round << 21 | (uint)length);
}
