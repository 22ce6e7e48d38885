using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>A row of <c>slices</c>.</summary>
internal readonly record struct Slice(long Epoch, string Resource, long Given, long Returned, long Spent)
{
    public long Out => Given - Returned - Spent;
}

/// <summary>
/// A team's money in the database while a transaction has its lock: what remains, what of that servers have, and what is free. The rule that everything keeps:
/// what is out of a resource is never more than there is of it.
/// </summary>
internal sealed class TeamBook
{
    private readonly DatabaseSession _session;
    private readonly Dictionary<string, long> _out;
    private readonly long _postpaid;

    private TeamBook(DatabaseSession session, BookRow row, long postpaid)
    {
        (_session, Row, _postpaid) = (session, row, postpaid);
        Lots = LotBook.Of(session, row.Team);
        Lots.Sort(SpendingOrder.Instance);
        Slices = session.Query("SELECT epoch, resource, given, returned, spent FROM slices WHERE team = $team AND given - returned - spent > 0",
            slice => new Slice(slice.GetInt64(0), slice.GetString(1), slice.GetInt64(2), slice.GetInt64(3), slice.GetInt64(4)), ("$team", row.Team.ToString("N")));
        _out = Slices.GroupBy(slice => slice.Resource, StringComparer.Ordinal).ToDictionary(of => of.Key, of => of.Sum(slice => slice.Out), StringComparer.Ordinal);
    }

    public BookRow Row { get; }

    /// <summary>With what remains of them in the books, in the order of spending.</summary>
    public List<Lot> Lots { get; }

    /// <summary>Those of which something is out.</summary>
    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>What servers have of the team's money, in ticks.</summary>
    public long OutCredits => _out.Where(one => Resources.IsLot(one.Key) || one.Key == Resources.Allowance).Sum(one => one.Value);

    public long Allowance => Row.Postpaid ?? _postpaid;

    public long FreeAllowance => Math.Max(0, Math.Max(0, Allowance - Row.Owed) - Out(Resources.Allowance));

    /// <summary>Locks the team until the transaction's end.</summary>
    /// <param name="postpaid">What a team without an allowance of its own may owe, in ticks.</param>
    public static TeamBook Take(DatabaseSession session, Guid team, long postpaid) => new(session, BookRow.Take(session, team), postpaid);

    /// <summary>Of a row that this transaction has locked already; what was changed of the team's lots and slices is in the database.</summary>
    public static TeamBook Of(DatabaseSession session, BookRow row, long postpaid) => new(session, row, postpaid);

    public long Out(string resource) => _out.GetValueOrDefault(resource);

    public long Free(Lot lot) => Math.Max(0, lot.Left - Out(Resources.Lot(lot.Id)));

    /// <summary>What could be given out, in ticks.</summary>
    public long FreeCredits(DateTimeOffset now) => checked(Lots.Where(lot => !lot.IsOver(now)).Sum(Free) + FreeAllowance);

    /// <summary>What is left of a bound of spending beside what servers have of it; less than 0 when it was lowered.</summary>
    public long FreeBound(string resource, long limit, DateTimeOffset now) => limit - MonthBook.Spent(_session, Row, resource, now) - Out(resource);

    /// <summary>Which free money pays for so much: lots in the order of spending, then the allowance. Less when there is less.</summary>
    public List<Draw> Draw(long ticks, DateTimeOffset now)
    {
        var draws = new List<Draw>();
        foreach (var lot in Lots.Where(lot => !lot.IsOver(now)))
            if (Math.Min(ticks, Free(lot)) is > 0 and var part)
            {
                draws.Add(new Draw(lot.Id, part));
                ticks -= part;
            }
        if (Math.Min(ticks, FreeAllowance) is > 0 and var owed)
            draws.Add(new Draw(Guid.Empty, owed));
        return draws;
    }

    /// <summary>Takes ticks that are free off a lot, for good.</summary>
    public void Take(Lot lot, long ticks)
    {
        lot.Change(-ticks);
        _session.Execute("UPDATE lots SET remains = remains - $ticks WHERE id = $id", ("$ticks", ticks), ("$id", lot.Id.ToString("N")));
    }
}
