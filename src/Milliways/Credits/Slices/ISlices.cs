using Milliways.Credits.Accounts;

namespace Milliways.Credits.Slices;

/// <summary>How a ledger whose accounts have slices only gets more, and until when it may use what it has.</summary>
internal interface ISlices
{
    /// <summary>Whether what was given in an epoch may be used now.</summary>
    bool IsCurrent(long epoch);

    /// <summary>Makes sure that there is an epoch in which something can be given. False: there is none at the moment.</summary>
    ValueTask<bool> EnsureAsync();

    /// <summary>Gets more of what a hold lacks and sets it aside.</summary>
    Task<HoldAnswer> AskAsync(AccountHold hold, long ticks, CancellationToken cancel);

    /// <summary>Something may be free again.</summary>
    void Freed(Account account);

    /// <summary>What lies idle here is needed elsewhere, or may not be used any more: it is out of use at once, or when the database has answered that is being asked for more, and goes back.</summary>
    void Want(Account account);
}
