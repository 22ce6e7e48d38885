using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Keys;

/// <summary>
/// The text of a key: <c>xai-mw-</c>, 43 characters of base62 (256 random bits), <c>-</c>, a six-character checksum (contract, "HTTP surface").
/// The checksum makes typos and leaks recognisable without a look-up.
/// </summary>
internal static class KeyText
{
    /// <summary>Nothing that starts so is ever forwarded to a provider.</summary>
    public const string Prefix = "xai-mw-";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int SecretLength = 43;
    private const int ChecksumLength = 6;

    /// <summary>The whole length in characters.</summary>
    public const int Length = 7 + SecretLength + 1 + ChecksumLength;

    public static string Create()
    {
        Span<byte> secret = stackalloc byte[32];
        RandomNumberGenerator.Fill(secret);
        var text = Prefix + Base62(new BigInteger(secret, isUnsigned: true), SecretLength);
        return $"{text}-{Checksum(text)}";
    }

    /// <summary>True when the text has the form and its checksum fits: a key of ours, known or not.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> key) =>
        key.Length == Length
        && key.StartsWith(Prefix)
        && key[^(ChecksumLength + 1)] == '-'
        && key[Prefix.Length..^(ChecksumLength + 1)].IndexOfAnyExcept(Alphabet) < 0
        && key[^ChecksumLength..].SequenceEqual(Checksum(key[..^(ChecksumLength + 1)]));

    /// <summary>What may be shown of a key: xAI's form <c>xai-...abcd</c> (xai-api 1.9).</summary>
    public static string Redact(string key) => $"xai-...{key[^4..]}";

    /// <summary>The first 32 bits of the text's SHA-256: six digits of base62 hold them.</summary>
    private static string Checksum(ReadOnlySpan<char> text)
    {
        Span<byte> ascii = stackalloc byte[Length];
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(ascii[..Encoding.ASCII.GetBytes(text, ascii)], digest);
        return Base62(BinaryPrimitives.ReadUInt32BigEndian(digest), ChecksumLength);
    }

    private static string Base62(BigInteger number, int length)
    {
        Span<char> text = stackalloc char[length];
        for (var i = length - 1; i >= 0; i--)
        {
            (number, var digit) = BigInteger.DivRem(number, 62);
            text[i] = Alphabet[(int)digit];
        }
        return text.ToString();
    }
}
