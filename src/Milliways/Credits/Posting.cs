namespace Milliways.Credits;

/// <summary>What a posting is for; the numbers stand in the journal.</summary>
internal enum PostingKind
{
    /// <summary>An exchange that was answered.</summary>
    Charge = 1,

    /// <summary>What was left of a grant when its time was over.</summary>
    Expiry = 2,

    /// <summary>An operator took credit away.</summary>
    Adjustment = 3,

    /// <summary>Credit that came to a team that owed: no more than where the money stands changes.</summary>
    Repayment = 4,
}

/// <summary>Ticks out of one lot; <see cref="Guid.Empty"/>: what the team owes grows by them, or shrinks when they are negative.</summary>
internal readonly record struct Draw(Guid Lot, long Ticks);

/// <summary>Ticks of the slices of a team's, a key's and a gateway's bound of spending; 0 where there is no bound.</summary>
internal readonly record struct BoundDraws(long Team, long Key, long Gateway)
{
    public BoundDraws AtMost(long ticks) => new(Math.Min(Team, ticks), Math.Min(Key, ticks), Math.Min(Gateway, ticks));

    public BoundDraws Plus(BoundDraws more) => checked(new(Team + more.Team, Key + more.Key, Gateway + more.Gateway));
}

/// <summary>
/// A decision about a team's money as the journal keeps it and the books take it over. Credit that comes in is none: it is put into the database first, where
/// a rule's key keeps it from coming twice.
/// </summary>
internal sealed record Posting
{
    public required PostingKind Kind { get; init; }

    public required Guid Team { get; init; }

    public required DateTimeOffset Time { get; init; }

    public IReadOnlyList<Draw> Draws { get; init; } = [];

    /// <summary>With <see cref="PostingKind.Charge"/> only.</summary>
    public Charge? Charge { get; init; }

    /// <summary>Of a charge, what went beyond the hold: the operator's, in ticks.</summary>
    public long Overrun { get; init; }

    /// <summary>The start of the server that decided it on a slice of the money; 0: it had the whole.</summary>
    public long Epoch { get; init; }

    /// <summary>What of a charge was held within bounds of spending by slices.</summary>
    public BoundDraws Bounds { get; init; }

    /// <summary>Why an operator did it.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What the team's balance falls by, in ticks.</summary>
    public long Ticks
    {
        get
        {
            var ticks = 0L;
            for (var i = 0; i < Draws.Count; i++) // an enumerator would be an object each time
                ticks = checked(ticks + Draws[i].Ticks);
            return ticks;
        }
    }
}
