using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Milliways.Exchanges;

/// <summary>
/// The only edits a body of the same dialect gets on its way upstream (docs/edits.md): the model's name, usage asked for on streams, and an output bound that
/// the team's credits pay for.
/// Every other byte stays.
/// </summary>
internal static class BodyEdit
{
    /// <summary>The body for an upstream that knows the model as <paramref name="model"/>.</summary>
    /// <param name="askUsage">Asks a Chat upstream for the usage chunk of a stream; without it nothing could be metered.</param>
    /// <param name="clamp">The most tokens that the answer may have, and the member's name in this dialect; null: as the caller says.</param>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> body, RequestFacts facts, string model, bool askUsage, OutputClamp? clamp = null)
    {
        var usage = askUsage && facts.Stream && !facts.IncludeUsage;
        if (!usage && model == facts.Model && clamp is null)
            return body;

        Span<Replacement> edits = new Replacement[3 + facts.OutputCapsAt.Count];
        var count = 0;
        if (clamp is { } bound)
        {
            foreach (var at in facts.OutputCapsAt)
                edits[count++] = new Replacement(at, Encoding.ASCII.GetBytes(bound.Tokens.ToString(CultureInfo.InvariantCulture)));
            if (count == 0)
                edits[count++] = new Replacement(new ByteSpan(facts.End, 0), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"{bound.Name}\":{bound.Tokens}")));
        }
        if (model != facts.Model)
            edits[count++] = new Replacement(facts.ModelAt, Quote(model));
        if (usage)
            edits[count++] = AskUsage(body.Span, facts);
        edits = edits[..count];
        edits.Sort((a, b) => a.At.Start.CompareTo(b.At.Start)); // two insertions at the end may stand in either order
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

    /// <summary>The answer's bound as it is written into a body.</summary>
    public readonly record struct OutputClamp(long Tokens, string Name);

    private readonly record struct Replacement(ByteSpan At, byte[] With);
}
