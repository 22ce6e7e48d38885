using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Keys;

/// <summary>
/// The text of a key: <c>xai-mw-</c> (<c>xai-token-mw-</c> for a management key), 43 characters of base62 (256 random bits), <c>-</c>, a six-character
/// checksum (contract, "HTTP surface"). The checksum makes typos and leaks recognisable without a look-up.
/// </summary>
internal static class KeyText
{
    public const string Prefix = "xai-mw-";

    public const string ManagementPrefix = "xai-token-mw-";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private const int TailLength = SecretLength + 1 + ChecksumLength;

    /// <summary>The whole length of an API key in characters.</summary>
    public const int Length = 7 + TailLength;

    /// <summary>The whole length of a management key in characters.</summary>
    public const int ManagementLength = 13 + TailLength;

    public static string Create() => Create(Prefix);

    public static string CreateManagement() => Create(ManagementPrefix);

    /// <summary>A text that holds one of these, mistyped or not, is ours, and is never forwarded to a provider.</summary>
    public static bool IsOurs(string text) => text.Contains(Prefix, StringComparison.Ordinal) || text.Contains(ManagementPrefix, StringComparison.Ordinal);

    /// <summary>True when the text has the form of an API key and its checksum fits: a key of ours, known or not.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> key) => IsWellFormed(key, Prefix);

    /// <summary>The same of a management key.</summary>
    public static bool IsWellFormedManagement(ReadOnlySpan<char> key) => IsWellFormed(key, ManagementPrefix);

    /// <summary>What may be shown of a key: xAI's form <c>xai-...abcd</c> (xai-api 1.9).</summary>
    public static string Redact(string key) => $"xai-...{key[^4..]}";

    private static string Create(string prefix)
    {
        Span<byte> secret = stackalloc byte[32];
        RandomNumberGenerator.Fill(secret);
        var text = prefix + Base62(new BigInteger(secret, isUnsigned: true), SecretLength);
        return $"{text}-{Checksum(text)}";
    }

    private static bool IsWellFormed(ReadOnlySpan<char> key, string prefix) =>
        key.Length == prefix.Length + TailLength
        && key.StartsWith(prefix)
        && key[^(ChecksumLength + 1)] == '-'
        && key[prefix.Length..^(ChecksumLength + 1)].IndexOfAnyExcept(Alphabet) < 0
        && key[^ChecksumLength..].SequenceEqual(Checksum(key[..^(ChecksumLength + 1)]));

    /// <summary>The first 32 bits of the text's SHA-256: six digits of base62 hold them.</summary>
    private static string Checksum(ReadOnlySpan<char> text)
    {
        Span<byte> ascii = stackalloc byte[ManagementLength];
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
