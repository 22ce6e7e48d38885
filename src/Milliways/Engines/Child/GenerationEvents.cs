using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>A generation's events as those of the neutral model.</summary>
internal sealed class GenerationEvents(Generation generation, OpenAiWriteOptions options)
{
    public Failure? Failure { get; private set; }

    /// <summary>Waits for events and gives all that are there; false when there are no more.</summary>
    public async ValueTask<bool> NextAsync(IChatEventSink sink, CancellationToken cancel)
    {
        if (!await generation.Events.WaitToReadAsync(cancel))
            return false;
        while (generation.Events.TryRead(out var happening))
            Give(happening, sink);
        return true;
    }

    public async Task ReadAllAsync(IChatEventSink sink, CancellationToken cancel)
    {
        while (await NextAsync(sink, cancel)) { }
    }

    private void Give(GenerationEvent happening, IChatEventSink sink)
    {
        switch (happening)
        {
            case GenerationEvent.Started:
                sink.On(new ChatEvent.Started(options.Id, options.Model, options.Created) { Fingerprint = options.Fingerprint });
                break;
            case GenerationEvent.Text text:
                sink.On(new ChatEvent.TextDelta(text.Choice, text.Value));
                break;
            case GenerationEvent.Finished finished:
                sink.On(new ChatEvent.Finished(finished.Choice, Reason(finished.Reason), finished.StopSequence));
                break;
            case GenerationEvent.Ended ended:
                sink.On(new ChatEvent.UsageReported(new ChatUsage(ended.Usage.PromptTokens, 0, 0, ended.Usage.CompletionTokens, 0)));
                sink.On(ChatEvent.Completed.Instance);
                break;
            case GenerationEvent.Failed:
                Failure = new Failure(FailureKind.UpstreamBroken, FailureParty.Upstream, "engine", "The embedded engine could not go on with this answer.");
                sink.On(new ChatEvent.Failed(Failure));
                break;
        }
    }

    private static StopReason Reason(FinishReason reason) => reason switch
    {
        FinishReason.StopSequence => StopReason.StopSequence,
        FinishReason.MaxTokens => StopReason.MaxTokens,
        FinishReason.ContextFull => StopReason.ContextFull,
        _ => StopReason.EndTurn,
    };
}
