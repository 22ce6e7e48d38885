using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Exchanges.Relays;

/// <summary>
/// A stream of the same dialect on both sides: whole events are copied as they came, line ends, comments and unknown events included; usage is read in
/// passing. An event that is not whole is not sent, so a caller never sees half of one.
/// </summary>
/// <param name="observer">Looks at the frames.</param>
/// <param name="tellsCost">The answer is charged: its usage waits until it is known for how much.</param>
internal sealed class BytesRelay(IStreamObserver observer, bool tellsCost = false) : IRelay
{
    private readonly SseReader _frames = new();
    private byte[] _tail = [];

    /// <summary>Frames from the final usage on, which wait; empty before.</summary>
    private readonly List<byte[]> _waiting = [];

    /// <summary>Which of them has the usage.</summary>
    private int _usageAt = -1;

    public bool NeedsWholeBody => false;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent { get; private set; }

    public int ContentEvents { get; private set; }

    public string ContentType => "text/event-stream";

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        var (consumed, sent) = (0, 0);
        while (State == RelayState.Open && _frames.TryReadFrame(upstream[consumed..], out var frame))
            Take(frame, upstream, ref consumed, ref sent, caller, meter);
        if (State == RelayState.Open && _frames.Failure is { } tooLarge)
            Fail(tooLarge);
        if (State == RelayState.Open && endOfBody)
            End(upstream, ref consumed, ref sent, caller, meter);
        caller.Write(upstream[sent..consumed]); // whole events that came before a break are the caller's too
        if (State == RelayState.Failed)
            WriteWaiting(caller, cost: null);
        return consumed;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null)
    {
        WriteWaiting(caller, cost);
        if (cost is { } ticks && _usageAt < 0)
            CostEdit.WriteFrame(_tail, ticks, caller);
        else
            caller.Write(_tail);
    }

    public bool WriteFailure(Failure failure, IBufferWriter<byte> caller)
    {
        WriteWaiting(caller, cost: null);
        return observer.WriteFailure(failure, caller);
    }

    private void WriteWaiting(IBufferWriter<byte> caller, long? cost)
    {
        for (var i = 0; i < _waiting.Count; i++)
            if (cost is { } ticks && i == _usageAt)
                CostEdit.WriteFrame(_waiting[i], ticks, caller);
            else
                caller.Write(_waiting[i]);
        _waiting.Clear();
    }

    /// <summary>Frames that go on are sent in runs: one copy for all events of a read.</summary>
    private void Take(in SseFrame frame, ReadOnlySpan<byte> upstream, ref int consumed, ref int sent, IBufferWriter<byte> caller, Meter meter)
    {
        var start = consumed;
        consumed += frame.Length;
        var role = frame.HasData ? observer.Look(frame, meter) : FrameRole.Pass;
        switch (role)
        {
            case FrameRole.Content:
                HasContent = true;
                break;
            case FrameRole.Strip:
                caller.Write(upstream[sent..start]);
                sent = consumed;
                break;
            case FrameRole.Terminal:
                caller.Write(upstream[sent..start]);
                sent = consumed;
                _tail = upstream.Slice(start, frame.Length).ToArray();
                State = RelayState.Complete;
                break;
            case FrameRole.Error:
                caller.Write(upstream[sent..start]);
                sent = consumed;
                Fail(observer.Failure!);
                break;
        }
        if (tellsCost && role is FrameRole.Pass or FrameRole.Content && (_waiting.Count > 0 || observer.HasFinalUsage))
        {
            caller.Write(upstream[sent..start]);
            sent = consumed;
            if (observer.HasFinalUsage)
                _usageAt = _waiting.Count;
            _waiting.Add(upstream.Slice(start, frame.Length).ToArray());
        }
        // An observer need not tell content from the rest once it has seen some: from there on every event counts.
        if (HasContent && frame.HasData && role is FrameRole.Content or FrameRole.Pass)
            ContentEvents++;
    }

    private void End(ReadOnlySpan<byte> upstream, ref int consumed, ref int sent, IBufferWriter<byte> caller, Meter meter)
    {
        var whole = consumed;
        var unclosed = _frames.TryReadLast(upstream[consumed..], out var last);
        if (unclosed && !observer.IsWhole(last))
        {
            Fail(Failure.Broken("end", "The upstream's stream ended inside an event."));
            return;
        }
        if (unclosed)
            Take(last, upstream, ref consumed, ref sent, caller, meter);
        if (State != RelayState.Open)
        {
            if (unclosed && State == RelayState.Complete)
                _tail = [.. _tail, .. "\n\n"u8];
            return;
        }
        if (!observer.IsWholeAtEndOfBody)
        {
            // What was never closed by a blank line may be half an event; it may also have been taken out already.
            if (sent < whole)
                caller.Write(upstream[sent..whole]);
            sent = consumed;
            Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."));
            return;
        }
        _tail = unclosed ? [.. "\n\n"u8, .. observer.MissingTerminal] : observer.MissingTerminal.ToArray();
        State = RelayState.Complete;
    }

    private void Fail(Failure failure) => (State, Failure) = (RelayState.Failed, failure);
}
