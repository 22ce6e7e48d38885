using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Api.PassThrough;

/// <summary>A list, and the ids of it that the team may see.</summary>
internal sealed record ListedTarget(PassThroughTarget Target, HashSet<string> Own);

/// <summary>A whole answer with the upstream's own status: its bytes, or of a list those entries that are the team's.</summary>
internal sealed class PassThroughRelay(Exchange exchange, PassThroughTarget target, HashSet<string>? own) : IRelay
{
    private byte[] _answer = [];

    public bool NeedsWholeBody => true;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent => State == RelayState.Complete;

    public string ContentType => "application/json";

    public void Begin(UpstreamCall call) => exchange.AnswerStatus = call.Status;

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        // Some answers are empty by design: 202 of a video that is not ready, added batch requests (xai-api 1.8, 1.14).
        if (upstream.IsEmpty && !target.IsCreation && own is null)
            State = RelayState.Complete;
        else if (IsObject(upstream))
            (_answer, State) = (own is null ? upstream.ToArray() : PassThroughOwnership.Filter(upstream, own), RelayState.Complete);
        else
            (State, Failure) = (RelayState.Failed, Failure.Broken("body", "The upstream answered with a body that is no answer."));
        return upstream.Length;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => caller.Write(_answer);

    private static bool IsObject(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read()) { }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>A file on its way down: bytes as they come, of whatever type.</summary>
internal sealed class DownloadRelay(Exchange exchange) : IRelay
{
    public bool NeedsWholeBody => false;

    public bool TakesAnyType => true;

    public RelayState State { get; private set; }

    public Failure? Failure => null;

    public bool HasContent { get; private set; }

    public string ContentType { get; private set; } = "application/octet-stream";

    public void Begin(UpstreamCall call)
    {
        if (call.ContentType.Length > 0)
            ContentType = call.ContentType;
        // A file is whatever a caller has uploaded: a browser must not take it for a page of ours.
        exchange.AnswerHeaders = call.ContentHeader("Content-Disposition") is { } disposition
            ? [("Content-Disposition", disposition), ("X-Content-Type-Options", "nosniff")]
            : [("Content-Disposition", "attachment"), ("X-Content-Type-Options", "nosniff")];
    }

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        caller.Write(upstream);
        HasContent |= !upstream.IsEmpty;
        if (endOfBody)
            State = RelayState.Complete;
        return upstream.Length;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) { }
}
