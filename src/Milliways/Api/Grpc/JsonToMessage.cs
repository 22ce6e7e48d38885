using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Exchanges;

namespace Milliways.Api.Grpc;

/// <summary>The relay of a JSON answer, whose bytes become a message.</summary>
/// <param name="json">Takes the upstream's answer.</param>
/// <param name="read">Makes the message.</param>
internal sealed class JsonToMessage(IRelay json, Func<JsonElement, IMessage> read) : IRelay
{
    private Failure? _failure;

    public bool NeedsWholeBody => json.NeedsWholeBody;

    public RelayState State => _failure is null ? json.State : RelayState.Failed;

    public Failure? Failure => _failure ?? json.Failure;

    public bool HasContent => _failure is null && json.HasContent;

    public string ContentType => GrpcProtocol.ContentType;

    public void Begin(UpstreamCall call) => json.Begin(call);

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        var consumed = json.Feed(upstream, endOfBody, caller, meter);
        // Tried before the charge: what cannot be told to the caller is no answer, and another attempt may still be made.
        if (json.State != RelayState.Complete)
            return consumed;
        if (MessageOf(null) is null)
            _failure = Failure.Broken("body", "The upstream answered 200 with a body that is no answer.");
        return consumed;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => GrpcFrame.Write(caller, MessageOf(cost)!);

    private IMessage? MessageOf(long? cost)
    {
        var output = new ArrayBufferWriter<byte>();
        json.WriteTail(output, cost);
        try
        {
            using var document = JsonDocument.Parse(output.WrittenMemory, new JsonDocumentOptions { MaxDepth = 256 });
            return read(document.RootElement);
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
