using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>Reads a whole answer of one dialect into events.</summary>
internal delegate void AnswerReader(ReadOnlySpan<byte> body, IChatEventSink sink);

/// <summary>Writes a folded answer as the caller's dialect has it.</summary>
internal delegate void AnswerWriter(ChatFold fold, IBufferWriter<byte> output, long? cost);

/// <summary>A whole answer of another dialect: read into events, folded, written whole.</summary>
internal sealed class FoldRelay(AnswerReader read, AnswerWriter write, ToolNames names) : IRelay
{
    private readonly ChatFold _fold = new();

    public bool NeedsWholeBody => true;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent => State == RelayState.Complete;

    public string ContentType => "application/json";

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        read(upstream, names.Restoring(_fold));
        if (_fold.Usage is { } usage)
            meter.Report(usage);
        if (meter.Source == UsageSource.None && !meter.IsIdle)
            meter.Count(TokenEstimate.BytesOfAnswer(_fold));
        if (_fold.IsComplete)
            State = RelayState.Complete;
        else
            // Whatever an error object in a 200 says of itself: what answers 200 without an answer is broken (contract, "Choices where sources differ").
            (State, Failure) = (RelayState.Failed, Failure.Broken("body", _fold.Failure?.Message ?? "The upstream answered 200 with a body that is no answer."));
        return upstream.Length;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => write(_fold, caller, cost);
}
