namespace Milliways.Dialects.Chat;

/// <summary>One choice of a whole answer. Empty text is no part; arguments of a function's call are never empty, a custom call's input may be.</summary>
public sealed record ChatAnswer(int Index, IReadOnlyList<ChatPart> Parts, StopReason Reason, string? StopSequence)
{
    public string Text => string.Concat(Parts.OfType<ChatPart.Text>().Select(part => part.Value));
}

/// <summary>Folds the events of an answer into the whole answer.</summary>
public sealed class ChatFold : IChatEventSink
{
    private readonly SortedDictionary<int, ChoiceFold> choices = [];

    public string? Id { get; private set; }

    public string? Model { get; private set; }

    public long Created { get; private set; }

    public string? Fingerprint { get; private set; }

    public ChatUsage? Usage { get; private set; }

    /// <summary>What broke the answer, or null.</summary>
    public Failure? Failure { get; private set; }

    /// <summary>The upstream's end was seen and nothing broke.</summary>
    public bool IsComplete { get; private set; }

    public IReadOnlyList<ChatAnswer> Choices => [.. choices.Select(choice => choice.Value.Whole(choice.Key))];

    public void On(ChatEvent chatEvent)
    {
        if (Failure is not null || IsComplete) return;
        switch (chatEvent)
        {
            case ChatEvent.Started started:
                (Id, Model, Created, Fingerprint) = (started.Id, started.Model, started.Created, started.Fingerprint);
                break;
            case ChatEvent.TextDelta delta:
                At(delta.Choice)?.Text(delta);
                break;
            case ChatEvent.Cited cited:
                At(cited.Choice)?.Cite(cited.Citation);
                break;
            case ChatEvent.ReasoningDelta delta:
                At(delta.Choice)?.Reasoning(delta.Text);
                break;
            case ChatEvent.ReasoningSigned signed:
                At(signed.Choice)?.Sign(signed.Signature);
                break;
            case ChatEvent.RedactedReasoning redacted:
                At(redacted.Choice)?.Redacted(redacted.Data);
                break;
            case ChatEvent.RefusalDelta delta:
                At(delta.Choice)?.Refusal(delta.Text);
                break;
            case ChatEvent.ToolCallStarted call:
                Check(At(call.Choice)?.StartCall(call));
                break;
            case ChatEvent.ToolCallDelta delta:
                Check(At(delta.Choice)?.Arguments(delta));
                break;
            case ChatEvent.Finished finished:
                At(finished.Choice)?.Finish(finished.Reason, finished.StopSequence);
                break;
            case ChatEvent.UsageReported usage:
                Usage = usage.Usage;
                break;
            case ChatEvent.Completed:
                IsComplete = true;
                break;
            case ChatEvent.Failed failed:
                Failure = failed.Failure;
                break;
        }
    }

    private ChoiceFold? At(int choice)
    {
        if (choice is < 0 or >= ChatBounds.Choices)
        {
            Check(false);
            return null;
        }

        if (!choices.TryGetValue(choice, out var fold)) choices[choice] = fold = new ChoiceFold();
        return fold;
    }

    private void Check(bool? isLegal)
    {
        if (isLegal == false) Failure = Failure.Broken("stream", "The upstream's answer addresses a choice or a tool call that cannot be.");
    }
}

/// <summary>Upstreams are not trusted with indexes: what is beyond these bounds breaks the answer.</summary>
public static class ChatBounds
{
    public const int Choices = 128;

    public const int ToolCalls = 128;
}
