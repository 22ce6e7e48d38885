using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Sse;
using StreamReader = Milliways.Dialects.OpenAiChat.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>
/// Watches a Chat stream go by. Most chunks need only a search for three names: inside a JSON text a quote is escaped, so <c>"usage"</c> with bare quotes
/// can only be a name or a whole text, and what is found is then read properly.
/// </summary>
/// <param name="stripUsage">The usage chunk was our wish and not the caller's.</param>
/// <param name="wanted">How many answers were asked for; the stream is whole when all have finished.</param>
internal sealed class ChatStreamObserver(bool stripUsage, int wanted = 1) : IStreamObserver, IChatEventSink
{
    private readonly StreamReader _reader = new();
    private readonly Dictionary<int, bool> _choices = [];
    private bool _hasContent;
    private bool _sawContent;
    private ChatUsage? _usage;

    public Failure? Failure { get; private set; }

    public bool IsWholeAtEndOfBody => _choices.Count >= Math.Max(1, wanted) && !_choices.ContainsValue(false);

    public ReadOnlySpan<byte> MissingTerminal => SseWriter.Done;

    public bool IsWhole(in SseFrame unclosed) => unclosed.IsDone || ChunkFacts.IsJson(unclosed.Data);

    public bool HasFinalUsage { get; private set; }

    public FrameRole Look(in SseFrame frame, Meter meter)
    {
        var data = frame.Data;
        HasFinalUsage = false;
        if (data.Length < 16 && frame.IsDone)
        {
            if (IsWholeAtEndOfBody)
                return FrameRole.Terminal;
            Failure = Failure.Broken("end", "The upstream's stream ended before its answer was complete.");
            return FrameRole.Error;
        }
        // The reader tells of a finish only with the end of the answer, so that usage can come between; here it must be known now.
        var tells = _choices.Count == 0 || ChunkFacts.TellsOfChoices(data);
        if (tells)
            ChunkFacts.ReadChoices(data, _choices);
        var finishes = tells && _choices.ContainsValue(true);
        if (!meter.IsIdle)
            meter.Count(TextBytes.OfChat(data));
        var plain = (_hasContent || finishes)
            && !MayHold(data, "\"usage\""u8)
            && !MayHold(data, "\"error\""u8)
            && frame.Event.IsEmpty;
        if (!plain)
            return Read(frame, finishes, meter);
        return finishes ? Content() : FrameRole.Pass;
    }

    private FrameRole Read(in SseFrame frame, bool finishes, Meter meter)
    {
        (_usage, _sawContent) = (null, false);
        _reader.Read(frame, this);
        if (Failure is not null)
            return FrameRole.Error;
        if (_usage is { } usage)
        {
            meter.Report(usage);
            HasFinalUsage = IsWholeAtEndOfBody;
            // The chunk that we asked for has no choices; usage on a chunk with a choice is the upstream's own way and stays.
            if (stripUsage && ChunkFacts.HasNoChoices(frame.Data))
                return FrameRole.Strip;
        }
        return _sawContent || finishes ? Content() : FrameRole.Pass;
    }

    private FrameRole Content()
    {
        _hasContent = true;
        return FrameRole.Content;
    }

    void IChatEventSink.On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.UsageReported reported:
                _usage = reported.Usage;
                break;
            case ChatEvent.Failed failed:
                Failure = failed.Failure;
                break;
            case ChatEvent.Started or ChatEvent.Finished or ChatEvent.Completed:
                break;
            default:
                _sawContent = true;
                break;
        }
    }

    /// <summary>True unless every member with this name is null, as usage is on most chunks once it was asked for.</summary>
    private static bool MayHold(ReadOnlySpan<byte> data, ReadOnlySpan<byte> quotedName)
    {
        for (int at; (at = data.IndexOf(quotedName)) >= 0;)
        {
            data = data[(at + quotedName.Length)..];
            if (!data.TrimStart(" :"u8).StartsWith("null"u8))
                return true;
        }
        return false;
    }
}
