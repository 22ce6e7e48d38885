using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using StreamReader = Milliways.Dialects.XaiGrpc.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>A stream of messages of an upstream over gRPC: frames -> neutral events -> the caller's writer.</summary>
/// <param name="newWriter">Makes the caller's writer.</param>
/// <param name="names">As the upstream was given them.</param>
internal sealed class GrpcStreamRelay(StreamWriterFactory newWriter, ToolNames names) : EventRelay(newWriter, names), IRelay
{
    private readonly StreamReader _reader = new();
    private UpstreamCall? _call;

    public void Begin(UpstreamCall call) => _call = call;

    protected override int Read(ReadOnlySpan<byte> upstream, bool endOfBody)
    {
        var consumed = 0;
        Failure? wrong = null;
        while (State == RelayState.Open && GrpcFrame.TryRead(upstream[consumed..], GrpcUpstream.MostMessageBytes, out var frame, out wrong))
        {
            consumed += frame.Length;
            if (frame.IsCompressed)
                Fail(GrpcUpstream.Compressed);
            else
                _reader.Read(frame.Message, Events);
        }
        if (State == RelayState.Open && wrong is not null)
            Fail(wrong);
        if (State != RelayState.Open || !endOfBody)
            return consumed;
        if (GrpcOutcome.Of(_call!) is { } failed)
            Fail(failed);
        else if (consumed < upstream.Length)
            Fail(Failure.Broken("end", "The upstream's last message is cut off."));
        else
            _reader.EndOfBody(Events);
        return upstream.Length;
    }
}
