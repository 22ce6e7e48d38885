using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Exchanges.Relays;

/// <summary>What one frame of a relayed stream is to the relay.</summary>
internal enum FrameRole
{
    /// <summary>Goes on as it is.</summary>
    Pass,

    /// <summary>As <see cref="Pass"/>, and it carries a part of the answer.</summary>
    Content,

    /// <summary>Was asked for by us and not by the caller: it does not go on.</summary>
    Strip,

    /// <summary>The dialect's own end: it goes on after the exchange has ended.</summary>
    Terminal,

    /// <summary>The upstream gave up: <see cref="IStreamObserver.Failure"/> says why.</summary>
    Error,
}

/// <summary>Looks at the frames of a stream that is relayed as bytes, in one dialect, without rewriting any.</summary>
internal interface IStreamObserver
{
    FrameRole Look(in SseFrame frame, Meter meter);

    Failure? Failure { get; }

    /// <summary>
    /// The frame that was looked at last carries the usage of an answer whose content has all come: it may wait for what the answer is charged. False for a
    /// terminal frame, which waits anyway.
    /// </summary>
    bool HasFinalUsage { get; }

    /// <summary><inheritdoc cref="IRelay.WriteFailure" path="/summary"/></summary>
    bool WriteFailure(Failure failure, IBufferWriter<byte> caller) => false;

    /// <summary>True when a frame that the end of the body cut off lost nothing but its blank line.</summary>
    bool IsWhole(in SseFrame unclosed);

    /// <summary>At the proper end of the body: true when the answer is whole although its terminal event did not come.</summary>
    bool IsWholeAtEndOfBody { get; }

    /// <summary>The terminal event that callers need when the upstream left it away.</summary>
    ReadOnlySpan<byte> MissingTerminal { get; }
}
