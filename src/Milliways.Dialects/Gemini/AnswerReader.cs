using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>GenerateContentResponses to events, of a stream or of a whole answer: the head, the candidates, the usage, and how it all ends once.</summary>
internal sealed class AnswerReader
{
    private readonly SortedDictionary<int, CandidateReader> candidates = [];
    private ChatUsage? usage;
    private string id = "";
    private bool isBlocked;

    public bool HasStarted { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>Every candidate has its finishReason, or the prompt was blocked: only then is the answer whole (contract, "Ends of streams").</summary>
    public bool IsFinished => isBlocked || (candidates.Count > 0 && candidates.Values.All(candidate => candidate.IsFinished));

    public void Read(JsonElement response, IChatEventSink sink)
    {
        if (HasEnded) return;
        if (Errors.IsError(response))
        {
            Fail(Errors.InStream(response), sink);
            return;
        }

        if (response.ValueKind != JsonValueKind.Object) return;
        Start(response, sink);
        if (UsageReader.Read(response.Get("usageMetadata")) is { } read && read != usage)
        {
            usage = read;
            sink.On(new ChatEvent.UsageReported(read));
        }

        ReadFeedback(response.Get("promptFeedback"), sink);
        var position = 0;
        foreach (var candidate in response.Items("candidates"))
        {
            if (candidate.ValueKind != JsonValueKind.Object) continue;
            var index = candidate.Index("index") ?? position;
            position++;
            if (index is < 0 or >= ChatBounds.Choices)
            {
                Fail(Failure.Broken("stream", "The upstream's answer has a candidate that cannot be."), sink);
                return;
            }

            if (!candidates.TryGetValue(index, out var reader)) candidates[index] = reader = new CandidateReader(index, id);
            if (reader.Read(candidate, sink) is not { } failure) continue;
            Fail(failure, sink);
            return;
        }
    }

    public void Complete(IChatEventSink sink)
    {
        if (HasEnded) return;
        foreach (var candidate in candidates.Values) candidate.Finish(sink);
        if (candidates.Count == 0) sink.On(new ChatEvent.Finished(0, StopReason.ContentFilter));
        HasEnded = true;
        sink.On(ChatEvent.Completed.Instance);
    }

    public void Fail(Failure failure, IChatEventSink sink)
    {
        if (HasEnded) return;
        HasEnded = true;
        sink.On(new ChatEvent.Failed(failure));
    }

    private void Start(JsonElement response, IChatEventSink sink)
    {
        if (HasStarted) return;
        HasStarted = true;
        id = response.Text("responseId") ?? "";
        sink.On(new ChatEvent.Started(id, response.Text("modelVersion") ?? "", 0));
    }

    /// <summary>A blocked prompt is a 200 without candidates (dialects 7): the model's refusal, with the reason if one is told.</summary>
    private void ReadFeedback(JsonElement feedback, IChatEventSink sink)
    {
        if (isBlocked || feedback.Text("blockReason") is null or "" or "BLOCK_REASON_UNSPECIFIED") return;
        isBlocked = true;
        if (feedback.Text("blockReasonMessage") is { Length: > 0 } text) sink.On(new ChatEvent.RefusalDelta(0, text));
    }
}
