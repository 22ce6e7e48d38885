using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// A front's wish to answer its caller at once and let the exchange go on by itself: deferred chat completions, background responses. The walk stays one:
/// the same gates, leases, attempts and end.
/// </summary>
internal interface IDetachment
{
    /// <summary>Every gate has let the exchange in and its route is known: keeps a place for the answer. A failure is the caller's refusal.</summary>
    ValueTask<Failure?> AcceptAsync(Exchange exchange);

    /// <summary>What the caller gets now.</summary>
    Task AnswerCallerAsync(HttpContext http);

    /// <summary>Makes the running exchange known to those who may cancel it.</summary>
    void Started(DetachedContext context);

    /// <summary>The exchange has ended and its answer, good or bad, is in the context; without one it was cancelled.</summary>
    ValueTask FinishedAsync(Exchange exchange, DetachedContext context);
}

/// <summary>Keeps an answer before its caller sees the end of it, so that whoever has read an id can ask for it.</summary>
internal interface IAnswerKeeper
{
    /// <param name="exchange">Completed.</param>
    /// <param name="tail">A whole answer's body, or the last events of a stream.</param>
    ValueTask KeepAsync(Exchange exchange, ReadOnlyMemory<byte> tail);
}
