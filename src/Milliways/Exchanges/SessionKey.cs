using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Exchanges;

/// <summary>
/// Tells conversations apart, so that the next turn of one can go where its prompt is cached. From what a client says, the plainest first:
/// <c>prompt_cache_key</c>, <c>x-grok-conv-id</c> (xai-api 1.1), a coding agent's session header or <c>metadata.user_id</c> (dialects 2.13), and where nothing is said
/// the beginning of the conversation, which its later turns share.
/// </summary>
internal static class SessionKey
{
    /// <summary>A shorter body is cached by nobody: providers begin at 1,024 tokens, about four bytes each.</summary>
    public const int LeastBytes = 4096;

    /// <summary>The most of a conversation's beginning that is looked at: two that differ only behind it may share an upstream.</summary>
    private const int MostPrefixBytes = 16 << 10;

    private static readonly string[] Headers = ["x-grok-conv-id", "x-claude-code-session-id", "x-session-id", "session_id", "session-id", "x-session-affinity"];

    /// <summary>A number that stands for the conversation, the same in every process; null when nothing tells conversations apart.</summary>
    public static ulong? Of(Exchange exchange)
    {
        var body = exchange.Body.Span;
        var facts = exchange.Facts;
        if (facts.CacheKeyAt is { } key)
            return Hash(Slice(body, key));
        if (Named(exchange.Http.Request.Headers) is { } named)
            return Hash(Encoding.UTF8.GetBytes(named));
        if (facts.UserIdAt is { } user && SessionPart(Slice(body, user)) is { Length: > 0 } session)
            return Hash(session);
        return body.Length < LeastBytes ? null : Prefix(body, facts);
    }

    /// <summary>The conversation as a header names it, or null.</summary>
    public static string? Named(IHeaderDictionary headers)
    {
        foreach (var name in Headers)
            if (headers.TryGetValue(name, out var values) && values is [{ Length: > 0 and <= 1024 } value])
                return value;
        return null;
    }

    /// <summary>Claude Code's composite id, of either make: <c>user_..._session_UUID</c>, or an object in the text with <c>session_id</c>.</summary>
    private static ReadOnlySpan<byte> SessionPart(ReadOnlySpan<byte> user)
    {
        var at = user.LastIndexOf("_session_"u8);
        if (at >= 0)
            return user[(at + "_session_".Length)..];
        at = user.IndexOf("session_id\\\":\\\""u8);
        if (at < 0)
            return default;
        var rest = user[(at + "session_id\\\":\\\"".Length)..];
        var end = rest.IndexOf((byte)'\\');
        return end < 0 ? rest : rest[..end];
    }

    private static ulong Prefix(ReadOnlySpan<byte> body, RequestFacts facts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Slice(body, facts.ModelAt));
        if (facts.SystemAt is { } system)
            hash.AppendData(Slice(body, system));
        if (facts.OpeningAt is { } opening)
            hash.AppendData(Slice(body, opening));
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> body, ByteSpan at) => body.Slice(at.Start, Math.Min(at.Length, MostPrefixBytes));

    private static ulong Hash(ReadOnlySpan<byte> text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }
}
