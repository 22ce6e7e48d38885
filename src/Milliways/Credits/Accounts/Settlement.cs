using Milliways.Credits.Journal;

namespace Milliways.Credits.Accounts;

/// <summary>A decision on its way into the journal: when it is durable the money moves, when it certainly is not the hold is given back.</summary>
internal sealed class Settlement(Ledger ledger, AccountHold hold, Posting posting) : IJournalWaiter
{
    private readonly TaskCompletionSource<long> _charged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AccountHold Hold => hold;

    public Posting Posting => posting;

    /// <summary>What was charged, in ticks.</summary>
    public Task<long> Charged => _charged.Task;

    public void Written()
    {
        ledger.Apply(this);
        _charged.SetResult(posting.Ticks);
    }

    public void Failed(Exception why) =>
        _charged.SetException(new LedgerUnavailableException("The charge could not be written to the journal; nothing was charged.", why));

    public void Discarded() => ledger.GiveBack(hold);
}
