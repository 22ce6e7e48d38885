using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>
/// A stream was asked for and a whole answer came: it is told as the events its stream would have had (dialects 4.12.6), in whichever dialect the caller
/// speaks, the upstream's own included.
/// </summary>
/// <param name="read">Of the upstream's dialect.</param>
/// <param name="newWriter">Makes the caller's writer.</param>
/// <param name="names">As the upstream was given them.</param>
internal sealed class UnfoldRelay(AnswerReader read, StreamWriterFactory newWriter, ToolNames names) : EventRelay(newWriter, names)
{
    public override bool NeedsWholeBody => true;

    protected override int Read(ReadOnlySpan<byte> upstream, bool endOfBody)
    {
        read(upstream, Events);
        // As of a whole answer that was asked for: what answers 200 without an answer is broken, whatever its error says of itself (contract).
        if (State != RelayState.Complete)
            Fail(Failure.Broken("body", Failure?.Message ?? "The upstream answered 200 with a body that is no answer."));
        return upstream.Length;
    }
}
