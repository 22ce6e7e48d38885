namespace Milliways.Credits.Accounts;

/// <summary>Ticks of one lot; a null lot is money that the team owes.</summary>
internal readonly record struct Allocation(Lot? Lot, long Ticks);

internal enum HoldState { Open, Settling, Closed }

/// <summary>
/// Money set aside in one account. Exchanges have one, and so has every other posting until it is durable. All of it is guarded by the account's owner.
/// </summary>
internal sealed class AccountHold(Account account, string requestId, Payer? payer, DateTimeOffset since) : Hold
{
    private long _ticks;

    public Account Account => account;

    /// <summary>Null: no exchange's, so it counts against no budget.</summary>
    public Payer? Payer => payer;

    public DateTimeOffset Since => since;

    public override string RequestId => requestId;

    public override long Ticks => Volatile.Read(ref _ticks);

    public HoldState State { get; set; }

    /// <summary>Its neighbours in <see cref="HoldList"/>.</summary>
    public AccountHold? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public AccountHold? Next { get; set; }

    /// <summary>What is set aside, and where.</summary>
    public List<Allocation> Allocations { get; } = new(1);

    /// <summary>What is set aside within bounds of spending, where those are shared by slices.</summary>
    public BoundDraws Bounds { get; set; }

    /// <summary>What a settled one takes of them.</summary>
    public IReadOnlyList<Allocation> Draws { get; set; } = [];

    /// <summary>Set once, by the settlement.</summary>
    public Settlement? Settlement { get; set; }

    /// <summary>Sets ticks of a lot aside.</summary>
    public void Take(Lot? lot, long ticks)
    {
        lot?.Hold(ticks);
        var known = Allocations.Count - 1;
        while (known >= 0 && Allocations[known].Lot != lot)
            known--;
        if (known < 0)
            Allocations.Add(new Allocation(lot, ticks));
        else
            Allocations[known] = new Allocation(lot, checked(Allocations[known].Ticks + ticks));
        Volatile.Write(ref _ticks, checked(_ticks + ticks));
    }
}
