using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Exchanges.Relays;

/// <summary>A stream of another dialect: upstream reader -> neutral events -> caller's writer.</summary>
/// <param name="reader">Of the upstream's dialect.</param>
/// <param name="newWriter">Makes the caller's writer.</param>
/// <param name="names">As the upstream was given them.</param>
internal sealed class CrossRelay(IStreamReader reader, StreamWriterFactory newWriter, ToolNames names) : EventRelay(newWriter, names)
{
    private readonly SseReader _frames = new();

    protected override int Read(ReadOnlySpan<byte> upstream, bool endOfBody)
    {
        var consumed = 0;
        while (State == RelayState.Open && _frames.TryReadFrame(upstream[consumed..], out var frame))
        {
            consumed += frame.Length;
            reader.Read(frame, Events);
        }
        if (State == RelayState.Open && _frames.Failure is { } tooLarge)
            Fail(tooLarge);
        if (State == RelayState.Open && endOfBody)
        {
            if (_frames.TryReadLast(upstream[consumed..], out var last))
                reader.Read(last, Events);
            if (State == RelayState.Open)
                reader.EndOfBody(Events);
            consumed = upstream.Length;
        }
        return consumed;
    }
}
