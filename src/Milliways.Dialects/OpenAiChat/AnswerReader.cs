using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>What chunks and whole answers have in common: the head, the choices, the usage, and how it all ends once.</summary>
internal sealed class AnswerReader
{
    /// <summary>More sources than any search gives; what an upstream lists beyond is no list of sources.</summary>
    private const int MaxCitations = 1000;

    private readonly SortedDictionary<int, ChoiceReader> choices = [];
    private readonly List<ChatCitation> listed = [];
    private string id = "";

    public bool HasStarted { get; private set; }

    public bool HasEnded { get; private set; }

    public bool HasChoices => choices.Count > 0;

    public bool AllFinished => choices.Count > 0 && choices.Values.All(choice => choice.IsFinished);

    public ChatUsage? Usage { get; private set; }

    public void Read(JsonElement chunk, IChatEventSink sink)
    {
        if (HasEnded) return;
        if (Errors.IsError(chunk))
        {
            Fail(Errors.InStream(chunk), sink);
            return;
        }

        Start(chunk, sink);
        if (UsageReader.Read(chunk.Get("usage")) is { } usage && usage != Usage)
        {
            Usage = usage;
            sink.On(new ChatEvent.UsageReported(usage));
        }

        foreach (var citation in Annotations.ReadList(chunk))
            if (listed.Count < MaxCitations && !listed.Exists(other => other.Url == citation.Url)) listed.Add(citation);

        var position = 0;
        foreach (var choice in chunk.Items("choices"))
        {
            if (choice.ValueKind != JsonValueKind.Object) continue;
            var index = choice.Index("index") ?? position;
            position++;
            if (index is < 0 or >= ChatBounds.Choices)
            {
                Fail(Failure.Broken("stream", "The upstream's answer has a choice that cannot be."), sink);
                return;
            }

            if (!choices.TryGetValue(index, out var reader)) choices[index] = reader = new ChoiceReader(index, () => id);
            if (reader.Read(choice, sink) is not { } failure) continue;
            Fail(failure, sink);
            return;
        }
    }

    public void Complete(IChatEventSink sink)
    {
        if (HasEnded) return;
        CiteListed(sink);
        foreach (var choice in choices.Values)
        {
            if (choice.Finish(sink) is not { } failure) continue;
            Fail(failure, sink);
            return;
        }

        HasEnded = true;
        sink.On(ChatEvent.Completed.Instance);
    }

    /// <summary>The list at the end of an answer repeats what its annotations told; the rest belongs to the first choice.</summary>
    private void CiteListed(IChatEventSink sink)
    {
        if (listed.Count == 0 || !choices.TryGetValue(0, out var first)) return;
        foreach (var citation in listed)
            if (!first.HasCited(citation.Url)) sink.On(new ChatEvent.Cited(0, citation));
    }

    public void Fail(Failure failure, IChatEventSink sink)
    {
        if (HasEnded) return;
        HasEnded = true;
        sink.On(new ChatEvent.Failed(failure));
    }

    private void Start(JsonElement chunk, IChatEventSink sink)
    {
        if (HasStarted) return;
        HasStarted = true;
        id = chunk.Text("id") ?? "";
        var started = new ChatEvent.Started(id, chunk.Text("model") ?? "", chunk.Count("created") ?? 0) { Fingerprint = chunk.Text("system_fingerprint") };
        sink.On(started);
    }
}
