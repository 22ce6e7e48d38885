using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;

namespace Milliways.Gateway.Calls;

/// <summary>How usage is read out of a provider's whole answer.</summary>
/// <param name="Mark">The member that every answer of this kind has.</param>
internal sealed record WholeMeter(string Mark, UsageOfBytes Usage, TextOfBytes? Text)
{
    /// <summary>The member that stands in the mark's place when nothing was answered; null: there is none.</summary>
    public string? Otherwise { get; init; }

    /// <summary>Where the usage is.</summary>
    public string UsageMember { get; init; } = "usage";
}

/// <summary>
/// A provider's answer as it is: status, headers and every byte. Of a known dialect the usage is read in passing; a stream's terminal event is held until its
/// charge is durable, and a stream that breaks or ends before its end is torn, never closed as if it were whole.
/// </summary>
/// <param name="exchange">The request.</param>
/// <param name="observer">Looks at the events of a stream; null: nobody knows them.</param>
/// <param name="whole">Reads whole answers; null: nobody can.</param>
/// <param name="isArray">A stream that comes as anything else than events comes as the elements of an array.</param>
internal sealed class RawRelay(Exchange exchange, IStreamObserver? observer, WholeMeter? whole, bool isArray = false) : IRelay
{
    /// <summary>The most bytes that one element of an array may have: as many as a whole answer.</summary>
    private const int MostElementBytes = 256 << 20;

    private readonly SseReader _frames = new();
    private JsonElements _elements;
    private byte[] _tail = [];
    private bool _hasEvents;
    private bool _isJson;

    /// <summary>A whole answer of a known dialect waits for its end: what it costs must be durable before it is seen.</summary>
    public bool NeedsWholeBody => !exchange.Facts.Stream || (_isJson && whole is not null);

    public bool TakesAnyType => true;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent { get; private set; }

    public string ContentType { get; private set; } = "";

    public void Begin(UpstreamCall call)
    {
        var type = call.ContentType;
        (_hasEvents, _isJson) = (type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase), type.Equals("application/json", StringComparison.OrdinalIgnoreCase));
        ContentType = call.ContentHeader("Content-Type") ?? "";
        exchange.AnswerStatus = call.Status;
        var headers = PassedHeaders.Of(call);
        // The length of what nobody here changes; of what is decoded on the way nobody knows it.
        exchange.AnswerHeaders = whole is null && observer is null && call.ContentHeader("Content-Length") is { } length && call.ContentHeader("Content-Encoding") is null && call.Status != StatusCodes.Status204NoContent
            ? [.. headers, ("Content-Length", length)]
            : headers;
    }

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter) =>
        NeedsWholeBody ? Whole(upstream, meter)
        : _hasEvents && observer is not null ? Events(upstream, endOfBody, caller, meter)
        : isArray && observer is not null && !_elements.IsNone ? Elements(upstream, endOfBody, caller, meter)
        : Opaque(upstream, endOfBody, caller);

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => caller.Write(_tail);

    /// <summary>Nothing of ours goes into a provider's answer: the torn connection tells.</summary>
    public bool WriteFailure(Failure failure, IBufferWriter<byte> caller) => true;

    private int Opaque(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller)
    {
        caller.Write(upstream);
        HasContent |= !upstream.IsEmpty;
        if (endOfBody)
            (State, HasContent) = (RelayState.Complete, true);
        return upstream.Length;
    }

    private int Whole(ReadOnlySpan<byte> upstream, Meter meter)
    {
        if (_hasEvents && observer is not null)
            Watch(upstream, meter);
        else if (whole is not null && !IsAnswer(upstream, meter, whole) && exchange.Bill is not null)
        {
            // What is no answer is not paid for with credits; nobody can say what it is worth.
            (State, Failure) = (RelayState.Failed, Failure.Broken("body", "The provider answered 200 with a body that is no answer."));
            return upstream.Length;
        }
        (_tail, State, HasContent) = (upstream.ToArray(), RelayState.Complete, true);
        return upstream.Length;
    }

    private int Events(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        var (consumed, sent) = (0, 0);
        while (State == RelayState.Open && _frames.TryReadFrame(upstream[consumed..], out var frame))
        {
            var start = consumed;
            consumed += frame.Length;
            switch (frame.HasData ? observer!.Look(frame, meter) : FrameRole.Pass)
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
                    (_tail, State, HasContent) = (upstream[start..consumed].ToArray(), RelayState.Complete, true);
                    break;
                case FrameRole.Error: // the provider's own error event is the caller's too
                    Fail(observer!.Failure!);
                    break;
            }
        }
        if (State == RelayState.Open && _frames.Failure is { } tooLarge)
            Fail(tooLarge);
        if (State == RelayState.Open && endOfBody)
        {
            if (_frames.TryReadLast(upstream[consumed..], out var last) && last.HasData)
                observer!.Look(last, meter);
            consumed = upstream.Length;
            if (observer!.IsWholeAtEndOfBody)
                (State, HasContent) = (RelayState.Complete, true);
            else
                Fail(Failure.Broken("end", "The provider's stream ended before its answer was complete."));
        }
        caller.Write(upstream[sent..consumed]);
        return consumed;
    }

    /// <summary>Elements go on as they are whole; the closing bracket is the end, and waits for the charge.</summary>
    private int Elements(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        var consumed = 0;
        while (State == RelayState.Open && _elements.TryRead(upstream, out var element))
        {
            var role = observer!.Look(new SseFrame { Data = upstream[element], HasData = true }, meter);
            HasContent |= role == FrameRole.Content;
            if (role == FrameRole.Error)
                Fail(observer.Failure!);
            consumed = element.End.Value;
        }
        if (_elements.IsNone)
        {
            if (exchange.Bill is null)
                return Opaque(upstream, endOfBody, caller);
            Fail(Failure.Broken("body", "The provider answered 200 with a body that is no answer."));
        }
        if (State == RelayState.Open && endOfBody)
        {
            if (_elements.HasEnded && observer!.IsWholeAtEndOfBody)
                (_tail, State, HasContent) = (upstream[consumed..].ToArray(), RelayState.Complete, true);
            else
                Fail(Failure.Broken("end", "The provider's stream ended before its answer was complete."));
        }
        else if (State == RelayState.Open && upstream.Length - consumed > MostElementBytes)
            Fail(Failure.Broken("stream", "The provider's stream has an element that is too large."));
        caller.Write(upstream[..consumed]);
        _elements.Advance(consumed);
        return endOfBody ? upstream.Length : consumed;
    }

    /// <summary>A stream that came where a whole answer was asked for: read for its usage.</summary>
    private void Watch(ReadOnlySpan<byte> body, Meter meter)
    {
        var at = 0;
        while (_frames.TryReadFrame(body[at..], out var frame))
        {
            at += frame.Length;
            if (frame.HasData)
                observer!.Look(frame, meter);
        }
    }

    private void Fail(Failure failure) => (State, Failure) = (RelayState.Failed, failure);

    private static bool IsAnswer(ReadOnlySpan<byte> body, Meter meter, WholeMeter whole)
    {
        if (body.StartsWith("\uFEFF"u8))
            body = body[3..];
        var marked = false;
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isMark = reader.ValueTextEquals(whole.Mark) || (whole.Otherwise is { } otherwise && reader.ValueTextEquals(otherwise));
                var isUsage = reader.ValueTextEquals(whole.UsageMember);
                reader.Read();
                marked |= isMark && reader.TokenType != JsonTokenType.Null;
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isUsage && whole.Usage(body[start..(int)reader.BytesConsumed]) is { } usage)
                    meter.Report(usage);
            }
            while (reader.Read()) { } // trailing text is no answer
        }
        catch (JsonException)
        {
            return false;
        }
        if (meter.Source == UsageSource.None && !meter.IsIdle && whole.Text is not null)
            meter.Count(whole.Text(body));
        return marked;
    }
}
