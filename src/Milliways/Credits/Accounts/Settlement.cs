using Milliways.Credits.Journal;

namespace Milliways.Credits.Accounts;

/// <summary>A decision on its way into the journal: when it is durable the money moves, when it certainly is not the hold is given back.</summary>
internal sealed class Settlement(Ledger ledger, AccountHold hold, Posting posting) : IJournalWaiter
{
    // Whoever waits goes on within Tell, which is called where that is right.
    private readonly TaskCompletionSource<long> _charged = new();
    private LedgerUnavailableException? _failure;

    public AccountHold Hold => hold;

    public Posting Posting => posting;

    /// <summary>What was charged, in ticks.</summary>
    public Task<long> Charged => _charged.Task;

    public void Written() => ledger.Apply(this);

    public void Failed(Exception why) =>
        _failure = new LedgerUnavailableException("The charge could not be written to the journal; nothing was charged.", why);

    public void Discarded() => ledger.GiveBack(hold);

    public void Tell()
    {
        if (_failure is { } failure)
            _charged.SetException(failure);
        else
            _charged.SetResult(posting.Ticks);
    }
}
