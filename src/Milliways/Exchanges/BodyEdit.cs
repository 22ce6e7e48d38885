using System.Text;
using System.Text.Json;

namespace Milliways.Exchanges;

/// <summary>
/// The only edits a body of the same dialect gets on its way upstream (docs/edits.md): the model's name, and usage asked for on streams.
/// Every other byte stays.
/// </summary>
internal static class BodyEdit
{
    /// <summary>The body for an upstream that knows the model as <paramref name="model"/>.</summary>
    /// <param name="askUsage">Asks a Chat upstream for the usage chunk of a stream; without it nothing could be metered.</param>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> body, RequestFacts facts, string model, bool askUsage)
    {
        var usage = askUsage && facts.Stream && !facts.IncludeUsage;
        if (!usage && model == facts.Model)
            return body;

        Span<Replacement> edits = new Replacement[2];
        var count = 0;
        if (model != facts.Model)
            edits[count++] = new Replacement(facts.ModelAt, Quote(model));
        if (usage)
            edits[count++] = AskUsage(body.Span, facts);
        edits = edits[..count];
        edits.Sort((a, b) => a.At.Start.CompareTo(b.At.Start));
        return Replace(body.Span, edits);
    }

    private static Replacement AskUsage(ReadOnlySpan<byte> body, RequestFacts facts)
    {
        if (facts.IncludeUsageAt is { } flag)
            return new Replacement(flag, "true"u8.ToArray());
        if (facts.StreamOptionsAt is not { } options)
            return new Replacement(new ByteSpan(facts.End, 0), ",\"stream_options\":{\"include_usage\":true}"u8.ToArray());
        if (body[options.Start] != (byte)'{')
            return new Replacement(options, "{\"include_usage\":true}"u8.ToArray()); // it was null
        var empty = body[(options.Start + 1)..(options.End - 1)].Trim(" \t\r\n"u8).IsEmpty;
        return new Replacement(new ByteSpan(options.Start + 1, 0), empty ? "\"include_usage\":true"u8.ToArray() : "\"include_usage\":true,"u8.ToArray());
    }

    private static byte[] Replace(ReadOnlySpan<byte> body, ReadOnlySpan<Replacement> edits)
    {
        var length = body.Length;
        foreach (var edit in edits)
            length += edit.With.Length - edit.At.Length;
        var result = new byte[length];
        var (from, to) = (0, 0);
        foreach (var edit in edits)
        {
            body[from..edit.At.Start].CopyTo(result.AsSpan(to));
            to += edit.At.Start - from;
            edit.With.CopyTo(result.AsSpan(to));
            to += edit.With.Length;
            from = edit.At.End;
        }
        body[from..].CopyTo(result.AsSpan(to));
        return result;
    }

    private static byte[] Quote(string text) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text)}\"");

    private readonly record struct Replacement(ByteSpan At, byte[] With);
}
