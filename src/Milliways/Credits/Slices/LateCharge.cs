using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// A charge of a server whose slices belong to all again: it was paused past its lease, or died, and its journal comes late. The answer was given and told, so
/// the team pays, but only what it has free and its bounds of spending allow; it never pays with what another server has.
/// </summary>
internal static class LateCharge
{
    /// <summary>The same charge as it can be paid now: of no epoch, with the rest as overrun.</summary>
    public static Posting Of(TeamBook book, DatabaseSession session, Posting posting, Charge charge)
    {
        var (ticks, now) = (posting.Ticks, posting.Time);
        foreach (var (resource, limit) in Limits(session, posting.Team, charge))
            ticks = Math.Clamp(book.FreeBound(resource, limit, now), 0, ticks);
        // First from where it was held, then from whatever is there.
        var draws = new List<Draw>();
        var rest = ticks;
        foreach (var draw in posting.Draws.Concat(book.Draw(long.MaxValue, now)))
        {
            var free = draw.Lot == Guid.Empty ? book.FreeAllowance : book.Lots.Find(lot => lot.Id == draw.Lot) is { } lot ? book.Free(lot) : 0;
            var drawn = draws.Where(one => one.Lot == draw.Lot).Sum(one => one.Ticks);
            if (Math.Min(rest, Math.Min(draw.Ticks, free - drawn)) is not (> 0 and var part))
                continue;
            draws.Add(new Draw(draw.Lot, part));
            rest -= part;
        }
        return posting with { Epoch = 0, Bounds = default, Draws = draws, Overrun = checked(posting.Overrun + posting.Ticks - (ticks - rest)) };
    }

    private static IEnumerable<(string Resource, long Limit)> Limits(DatabaseSession session, Guid team, Charge charge)
    {
        foreach (var (gateway, limit) in MonthBook.Limits(session, team))
            if (limit.Hard is { } hard && (gateway.Length == 0 || gateway == charge.Payer.Gateway))
                yield return (gateway.Length == 0 ? Resources.Team : Resources.Gateway(gateway), hard);
        foreach (var budget in session.Query("SELECT budget FROM api_keys WHERE id = $key AND budget IS NOT NULL", row => row.GetInt64(0), ("$key", charge.Payer.Key.ToString("N"))))
            yield return (Resources.Key(charge.Payer.Key), budget);
    }
}
