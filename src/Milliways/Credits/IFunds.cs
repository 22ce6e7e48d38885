using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>
/// The money of teams as commands and rules see it: in this server's memory where one server has all of it (<see cref="OwnFunds"/>), in the database where several share
/// it (<see cref="CommonFunds"/>). Credit comes into the database first, and then it is said here that something has changed.
/// </summary>
internal interface IFunds
{
    /// <summary>At the start, on this thread.</summary>
    void Open(DatabaseSession session, IReadOnlyList<Guid> teams);

    Task<CreditsShown> ShowAsync(Guid team, CancellationToken cancel);

    /// <summary>Set aside for running requests, in ticks.</summary>
    Task<long> HeldAsync(Guid team, CancellationToken cancel);

    /// <summary>Credit came in, or a bound was changed: it is in effect when this completes, on other servers within a second.</summary>
    Task ChangedAsync(Guid team);

    /// <summary>Takes credit away: what is free, what ends first first; the rest the team owes. Completes when it is durable.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be made durable.</exception>
    Task TakeAwayAsync(Guid team, long ticks, string reason);

    /// <summary>Open holds of all servers.</summary>
    Task<IReadOnlyList<HoldShown>> HoldsAsync(CancellationToken cancel);

    /// <summary>Ends credit whose time is over; free credit pays what is owed.</summary>
    Task SweepAsync();

    /// <summary>What is not right in memory.</summary>
    IReadOnlyList<string> Problems();
}
