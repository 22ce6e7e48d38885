using System.Globalization;
using Google.Protobuf.Collections;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Sources: each address once for the whole answer, and, when they were asked for, the places in the text that rest on them.</summary>
internal sealed class CitationWriter(bool isInline)
{
    private readonly Dictionary<string, string> numbers = new(StringComparer.Ordinal);
    private readonly List<string> urls = [];

    public void Add(ChatCitation citation)
    {
        if (numbers.TryAdd(citation.Url, (urls.Count + 1).ToString(CultureInfo.InvariantCulture))) urls.Add(citation.Url);
    }

    public void List(RepeatedField<string> into) => into.AddRange(urls);

    /// <summary>The place of a source; null when none was asked for, or the upstream told none.</summary>
    public InlineCitation? Inline(ChatCitation citation) => isInline && citation is { StartIndex: { } start, EndIndex: { } end }
        ? new InlineCitation { Id = numbers[citation.Url], StartIndex = start, EndIndex = end, WebCitation = new WebCitation { Url = citation.Url } } : null;
}
