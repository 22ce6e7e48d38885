using Milliways.Credits.Journal;

namespace Milliways.Credits.Accounts;

/// <summary>A decision on its way into the journal: when it is durable the money moves, when it certainly is not the hold is given back.</summary>
/// <param name="inline">Whoever waits goes on within <see cref="Tell"/>, which is called on a thread that serves sockets; others may block, and go on in the pool.</param>
internal sealed class Settlement(Ledger ledger, AccountHold hold, Posting posting, bool inline = false) : IJournalWaiter
{
    private readonly TaskCompletionSource<long> _charged = new(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
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
