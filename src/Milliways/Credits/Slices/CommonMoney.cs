using Milliways.Credits.Books;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// What has to happen to a team's money when several servers share it, done in the database by whoever comes to it: it concerns what is free there. What
/// servers have of it follows when it is back.
/// </summary>
internal static class CommonMoney
{
    /// <summary>Teams with ended credit, or with credit and a debt.</summary>
    public static List<Guid> Due(DatabaseSession session, DateTimeOffset now) => session.Query(
        """
        SELECT team FROM lots WHERE remains > 0 AND expires <= $now
        UNION SELECT b.team FROM balances b WHERE b.owed > 0 AND EXISTS (SELECT 1 FROM lots l WHERE l.team = b.team AND l.remains > 0)
        """, row => Guid.ParseExact(row.GetString(0), "N"), ("$now", now.ToUnixTimeMilliseconds()));

    /// <summary>Ends lots whose time is over; free credit pays what is owed.</summary>
    /// <returns>Whether anything was to be done.</returns>
    public static bool Sweep(DatabaseSession session, Guid team, DateTimeOffset now) => session.Transact(() =>
    {
        var book = TeamBook.Take(session, team, postpaid: 0);
        var hasChanged = false;
        foreach (var lot in book.Lots)
        {
            if (book.Free(lot) is not (> 0 and var free))
                continue;
            if (lot.IsOver(now))
                EntryWriter.Write(session, book.Row, now, Words.Of(PostingKind.Expiry), book.Row.Account, OperatorAccounts.Expired, free, "");
            else if (Math.Min(book.Row.Owed, free) is > 0 and var debt)
                book.Row.Owed -= free = debt;
            else
                continue;
            book.Take(lot, free);
            hasChanged = true;
        }
        if (hasChanged)
            book.Row.Save(session);
        return hasChanged;
    });

    /// <summary>Takes credit away, for a reason: what is free, what ends first first; the rest the team owes.</summary>
    public static void TakeAway(DatabaseSession session, Guid team, long ticks, string reason, DateTimeOffset now) => session.Transact(() =>
    {
        var book = TeamBook.Take(session, team, postpaid: 0);
        EntryWriter.Write(session, book.Row, now, Words.Of(PostingKind.Adjustment), book.Row.Account, OperatorAccounts.Adjustments, ticks, reason);
        foreach (var lot in book.Lots.Where(lot => !lot.IsOver(now)))
            if (Math.Min(ticks, book.Free(lot)) is > 0 and var part)
            {
                book.Take(lot, part);
                ticks -= part;
            }
        book.Row.Owed = checked(book.Row.Owed + ticks);
        book.Row.Save(session);
        return true;
    });
}
