using System.Text.Json;

namespace Milliways.Exchanges;

/// <summary>Takes top-level members out of a JSON object, or gives one another value; every other byte stays as it is.</summary>
internal static class BodyMembers
{
    /// <summary>The object without a member of this name.</summary>
    public static ReadOnlyMemory<byte> Without(ReadOnlyMemory<byte> body, ReadOnlySpan<byte> name)
    {
        if (Find(body.Span, name) is not { } member)
            return body;
        // A comma goes with it: the one before it, or, for the first member, the one behind it.
        var (from, to) = member.Before > 0 ? (member.Before, member.End) : (member.Start, member.Next > 0 ? member.Next : member.End);
        return (byte[])[.. body.Span[..from], .. body.Span[to..]];
    }

    /// <summary>The object with this member's value replaced, or with the member added at its end.</summary>
    /// <param name="body">One JSON object.</param>
    /// <param name="name">The member's name, of letters that need no escape.</param>
    /// <param name="json">The value as JSON.</param>
    public static ReadOnlyMemory<byte> With(ReadOnlyMemory<byte> body, ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        if (Find(body.Span, name) is { } member)
            return (byte[])[.. body.Span[..member.Value], .. json, .. body.Span[member.End..]];
        var close = body.Span.LastIndexOf((byte)'}');
        var isEmpty = body.Span[..close].TrimEnd(" \t\r\n"u8).EndsWith("{"u8);
        return (byte[])[.. body.Span[..close], .. isEmpty ? "\""u8 : ",\""u8, .. name, .. "\":"u8, .. json, .. body.Span[close..]];
    }

    /// <summary>A member's place: its name's start, its value's start, its end, the end of the one before it, the start of the one behind it (0: none).</summary>
    private static Member? Find(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 320 });
        reader.Read();
        Member? found = null;
        var before = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            if (found is { } known)
                return known with { Next = start };
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            var value = (int)reader.TokenStartIndex;
            reader.Skip();
            var end = (int)reader.BytesConsumed;
            if (isIt)
                found = new Member(start, value, end, before, 0);
            before = end;
        }
        return found;
    }

    private readonly record struct Member(int Start, int Value, int End, int Before, int Next);
}
