using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>
/// citationMetadata and groundingMetadata of a candidate. Places are told in UTF-8 bytes of the whole text and are known as characters at the end only;
/// grounding is repeated as it grows, so that the last one counts.
/// </summary>
internal sealed class CitationReader
{
    private readonly List<Source> cited = [];
    private List<Source> grounded = [];

    public void Read(JsonElement candidate)
    {
        var metadata = candidate.Get("citationMetadata");
        foreach (var source in metadata.Items("citationSources").Concat(metadata.Items("citations")))
        {
            if (source.Text("uri") is not { Length: > 0 } uri) continue;
            var read = new Source(uri, source.Text("title"), source.Index("startIndex"), source.Index("endIndex"));
            if (!cited.Contains(read)) cited.Add(read);
        }

        var grounding = candidate.Get("groundingMetadata");
        if (grounding.Get("groundingChunks").ValueKind == JsonValueKind.Array) grounded = Grounded(grounding);
    }

    public IEnumerable<ChatCitation> Of(StringBuilder text)
    {
        if (cited.Count + grounded.Count == 0) return [];
        var utf8 = Encoding.UTF8.GetBytes(text.ToString());
        return cited.Concat(grounded).Distinct().Select(source => new ChatCitation(source.Uri, source.Title, Place(utf8, source.Start), Place(utf8, source.End)));
    }

    /// <summary>A source for each support; those that support nothing in particular once.</summary>
    private static List<Source> Grounded(JsonElement grounding)
    {
        var chunks = grounding.Items("groundingChunks").Select(chunk => chunk.Has("web") ? chunk.Get("web") : chunk.Get("retrievedContext")).ToList();
        var used = new HashSet<int>();
        var sources = new List<Source>();
        foreach (var support in grounding.Items("groundingSupports"))
        {
            var segment = support.Get("segment");
            foreach (var number in support.Items("groundingChunkIndices"))
            {
                if (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out var chunk) || chunk < 0 || chunk >= chunks.Count) continue;
                used.Add(chunk);
                // A segment at the very start has no startIndex.
                Add(chunks[chunk], segment.Index("startIndex") ?? 0, segment.Index("endIndex"));
            }
        }

        for (var chunk = 0; chunk < chunks.Count; chunk++)
            if (!used.Contains(chunk)) Add(chunks[chunk], null, null);
        return sources;

        void Add(JsonElement chunk, int? start, int? end)
        {
            if (chunk.Text("uri") is { Length: > 0 } uri) sources.Add(new Source(uri, chunk.Text("title"), end is null ? null : start, end));
        }
    }

    private static int? Place(byte[] utf8, int? at) => at is { } bytes && bytes >= 0 && bytes <= utf8.Length ? Encoding.UTF8.GetCharCount(utf8, 0, bytes) : null;

    private sealed record Source(string Uri, string? Title, int? Start, int? End);
}
