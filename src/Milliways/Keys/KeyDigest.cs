using System.Security.Cryptography;
using System.Text;

namespace Milliways.Keys;

/// <summary>
/// SHA-256 of a key's text, compared as four words. All that is stored of a key: what an attacker could learn from the timing of a look-up is a digest, from
/// which the key cannot be found.
/// </summary>
internal readonly record struct KeyDigest(ulong A, ulong B, ulong C, ulong D)
{
    public static KeyDigest Of(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[KeyText.ManagementLength * 3];
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(text, utf8)], digest);
        return From(digest);
    }

    public static KeyDigest From(ReadOnlySpan<byte> digest) =>
        new(BitConverter.ToUInt64(digest), BitConverter.ToUInt64(digest[8..]), BitConverter.ToUInt64(digest[16..]), BitConverter.ToUInt64(digest[24..]));

    /// <summary>As the database has it.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[32];
        BitConverter.TryWriteBytes(bytes, A);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), B);
        BitConverter.TryWriteBytes(bytes.AsSpan(16), C);
        BitConverter.TryWriteBytes(bytes.AsSpan(24), D);
        return bytes;
    }

    public override int GetHashCode() => (int)A;
}
