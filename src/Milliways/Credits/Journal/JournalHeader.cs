using System.Buffers.Binary;

namespace Milliways.Credits.Journal;

/// <summary>
/// What a round of the journal is. Two slots of a page each at the file's beginning take the rounds' headers by turns, so that one that was torn leaves the
/// round before it as it was.
/// </summary>
/// <param name="Journal">The file's id, which the books' mark names.</param>
/// <param name="Round">Counts from 1; part of every frame's check sum, so that no frame of an older round is ever taken for one of this.</param>
/// <param name="Area">Which half of the file its frames are in: 0 or 1.</param>
/// <param name="First">The sequence of its first frame.</param>
/// <param name="Applied">Everything up to this sequence was in the books when the round began.</param>
internal readonly record struct JournalHeader(Guid Journal, long Round, int Area, long First, long Applied)
{
    /// <summary>Bytes of one slot.</summary>
    public const int SlotBytes = 4096;

    private const int Bytes = 64;

    /// <summary>Of the layout of headers and frames; what frames carry has a version of its own.</summary>
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => "MWCHARGE"u8;

    /// <summary>The round's first sequence follows one that was not yet in the books: the round before is needed too.</summary>
    public bool NeedsTheOneBefore => Applied < First - 1;

    public byte[] ToBytes()
    {
        var bytes = new byte[Bytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)Area);
        Journal.TryWriteBytes(bytes.AsSpan(12));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Round);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), First);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), Applied);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(56), Crc32C.Of(bytes.AsSpan(0, 56)));
        return bytes;
    }

    /// <summary>The header of a slot, or null when there is no whole one.</summary>
    /// <exception cref="JournalDamagedException">A later version has written it.</exception>
    public static JournalHeader? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]) != Crc32C.Of(bytes[..56]))
            return null;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) is > Version and var version)
            throw new JournalDamagedException($"charges.journal was written by a newer version of Milliways (layout {version}, this one knows {Version}): start that version.");
        return new JournalHeader(
            new Guid(bytes.Slice(12, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]));
    }
}
