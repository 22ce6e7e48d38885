using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

internal enum RelayState
{
    /// <summary>More is to come.</summary>
    Open,

    /// <summary>The upstream's answer is whole; what is left for the caller is the tail.</summary>
    Complete,

    /// <summary>The answer broke; <see cref="IRelay.Failure"/> says how.</summary>
    Failed,
}

/// <summary>
/// Turns one upstream answer into the caller's bytes. It never writes its tail (the terminal event of a stream, the body of a whole answer):
/// the runner sends that after the exchange has ended, so that what is charged is durable before the caller sees the end.
/// </summary>
internal interface IRelay
{
    /// <summary>The upstream's head has come, with a good status.</summary>
    void Begin(UpstreamCall call) { }

    /// <summary>True when nothing can be given before the upstream's body is whole: <see cref="Feed"/> is then called once, with all of it.</summary>
    bool NeedsWholeBody { get; }

    /// <summary>True when the upstream's content type means nothing: a JSON document is a file like any other.</summary>
    bool TakesAnyType => false;

    RelayState State { get; }

    Failure? Failure { get; }

    /// <summary>True once the caller has been given, or would be given, a part of the answer: no other attempt can be made then.</summary>
    bool HasContent { get; }

    /// <summary>
    /// How many events have come since the answer began, for holding back: about one token each. A relay that does not count is held back until its
    /// answer is whole.
    /// </summary>
    int ContentEvents => 0;

    /// <summary>The content type of the caller's answer.</summary>
    string ContentType { get; }

    /// <summary>Takes bytes not yet consumed, writes whole events to the caller; returns how many bytes it consumed.</summary>
    /// <param name="upstream">All unconsumed bytes, contiguous.</param>
    /// <param name="endOfBody">True when the upstream's body ended properly behind these bytes.</param>
    /// <param name="caller">Where the caller's bytes go.</param>
    /// <param name="meter">Is told usage as it is seen.</param>
    int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter);

    /// <summary>Writes what is left of a complete answer. Called again it writes the same: whoever turns the answer into something else tries that before the charge.</summary>
    /// <param name="caller">Where it goes.</param>
    /// <param name="cost">What the answer was charged in ticks, for its usage; null: nobody charges for it.</param>
    void WriteTail(IBufferWriter<byte> caller, long? cost = null);

    /// <summary>
    /// The error event of a stream that has begun, in dialects whose error tells of what was sent before it. False: nothing was written, and the front's own
    /// event does.
    /// </summary>
    bool WriteFailure(Failure failure, IBufferWriter<byte> caller) => false;
}
