namespace Milliways.Credits;

/// <summary>
/// The money of every team as one process may use it. An exchange holds a bound before it asks anybody, tops it up while an answer grows, and settles it
/// once. No team is ever charged more than it held, and it never holds more than it has (design §4, "Money").
/// </summary>
internal interface ILedger
{
    /// <summary>Whether the team ever had a credit: one that never had is told something else than one that used it up.</summary>
    bool HasHadCredit(Guid team);

    /// <summary>
    /// Sets <paramref name="ticks"/> aside, from the grants that expire first. 0 ticks always succeed. Completes at once when this process has the money
    /// at hand; with several servers on one database it may have to ask for more.
    /// </summary>
    ValueTask<HoldAnswer> HoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel);

    /// <summary>More for the same hold; null, or why there is no more.</summary>
    ValueTask<HoldRefusal?> TopUpAsync(Hold hold, long ticks, CancellationToken cancel);

    /// <summary>
    /// Charges the cost, at most what is held, puts the rest on <c>operator:overrun</c>, and gives the rest of the hold back. Completes when the charge is
    /// durable; only then the end of an answer may be sent.
    /// </summary>
    /// <param name="inline">
    /// Whoever waits goes on at once, on a thread that serves sockets, and so must not block: the end of an answer. Others go on in the pool.
    /// </param>
    /// <returns>What the team was charged, in ticks.</returns>
    /// <exception cref="LedgerUnavailableException">The charge could not be made durable.</exception>
    ValueTask<long> SettleAsync(Hold hold, Charge charge, bool inline = false);

    /// <summary>Gives all of it back: nothing was answered.</summary>
    void Release(Hold hold);
}

/// <summary>Money set aside for one exchange; the ledger knows from which grants. Settled or released exactly once; a second time does nothing.</summary>
internal abstract class Hold
{
    public abstract string RequestId { get; }

    /// <summary>What is set aside now, in ticks.</summary>
    public abstract long Ticks { get; }
}

internal enum HoldRefusal
{
    /// <summary>The team's credits and allowance do not cover it.</summary>
    Credits,

    /// <summary>The key's monthly budget does not.</summary>
    KeyBudget,

    /// <summary>The team's hard monthly spending limit does not.</summary>
    TeamLimit,

    /// <summary>The gateway's does not.</summary>
    GatewayLimit,

    /// <summary>Nobody can say: the journal cannot be written, or the database has been away too long (503, never 401).</summary>
    Unavailable,
}

/// <summary>A hold, or why there is none.</summary>
/// <param name="Hold">What was set aside.</param>
/// <param name="Refusal">Why nothing was.</param>
/// <param name="Available">When it was refused: what the team could still have held then, in ticks, its postpaid allowance included.</param>
internal readonly record struct HoldAnswer(Hold? Hold, HoldRefusal? Refusal, long Available = 0);

/// <summary>Books cannot be kept at the moment; nothing was charged.</summary>
internal sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
