using System.Buffers.Binary;
using System.Numerics;

namespace Milliways.Credits.Journal;

/// <summary>Castagnoli's check sum (RFC 3720, appendix B.4), which processors compute.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes, long salt = 0)
    {
        var crc = salt == 0 ? uint.MaxValue : BitOperations.Crc32C(uint.MaxValue, (ulong)salt);
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var rest in bytes)
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }
}
