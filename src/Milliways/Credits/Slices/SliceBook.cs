using Milliways.Credits.Accounts;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// Gives slices of a team's money to servers and takes them back, each in one transaction under the team's lock. All numbers are sums over an epoch, so that
/// whoever does not know what became of his transaction finds it in the next one, and giving back can be repeated.
/// </summary>
internal static class SliceBook
{
    /// <summary>More than what is needed is given only while the database has so many times as much for each server.</summary>
    private const int Plenty = 16;

    /// <summary>A server gets at most this part of what is free divided by the servers, beyond what it needs.</summary>
    private const int Part = 4;

    /// <summary>And at most so many times what it needs.</summary>
    private const int MostAhead = 255;

    /// <summary>Gives what those who wait need, first come first, and more when there is plenty.</summary>
    /// <param name="session">On the database; it commits.</param>
    /// <param name="request">Who needs what.</param>
    /// <param name="postpaid">What a team without an allowance of its own may owe, in ticks.</param>
    /// <param name="now">For ends of lots, and months.</param>
    public static SliceAnswer Take(DatabaseSession session, SliceRequest request, long postpaid, DateTimeOffset now) => session.Transact(() =>
    {
        var book = TeamBook.Take(session, request.Team, postpaid);
        // Under the lock: whoever reclaims an epoch says so before it takes the lock to delete its slices.
        var living = session.Query("SELECT epoch, seen FROM epochs WHERE ended IS NULL AND reclaimed IS NULL", row => (Epoch: row.GetInt64(0), Seen: row.GetInt64(1)));
        if (!living.Exists(one => one.Epoch == request.Epoch))
            return new SliceAnswer { IsOver = true };
        var newest = living.Max(one => one.Seen);
        var servers = Math.Max(1, living.Count(one => newest - one.Seen < (long)Epochs.Life.TotalMilliseconds));
        var (changes, limits) = MonthBook.NumberedLimits(session, request.Team);
        var given = book.Slices.Where(slice => slice.Epoch == request.Epoch).ToDictionary(slice => slice.Resource, slice => slice.Given, StringComparer.Ordinal);
        var (isLow, isShort, othersHave, gave) = (false, false, false, 0L);

        long Give(string resource, long ticks) => given[resource] = session.Query(
            """
            INSERT INTO slices (epoch, team, resource, given, returned, spent) VALUES ($epoch, $team, $resource, $ticks, 0, 0)
            ON CONFLICT (epoch, team, resource) DO UPDATE SET given = slices.given + excluded.given RETURNING given
            """, row => row.GetInt64(0), ("$epoch", request.Epoch), ("$team", request.Team.ToString("N")), ("$resource", resource), ("$ticks", ticks))[0];

        // What is free of a resource decides how much of it is given.
        long Amount(SliceNeed need, long free)
        {
            if (free / Plenty / servers >= need.Sum)
                return Math.Max(0, need.Sum - need.Have) + (long)Int128.Min(free / Part / servers, (Int128)need.Sum * MostAhead);
            isLow = true;
            var budget = checked(need.Have + Math.Max(0, free));
            var fits = 0L;
            foreach (var one in need.Needs)
                if (one <= budget - fits)
                    fits += one;
            isShort |= fits < need.Sum;
            othersHave |= fits < need.Sum && HasElsewhere(book, request.Epoch, need.Resource);
            return Math.Clamp(fits - need.Have, 0, Math.Max(0, free));
        }

        foreach (var need in request.Needs)
            if (need.Resource == Resources.Credits)
                foreach (var (lot, ticks) in book.Draw(Amount(need, book.FreeCredits(now)), now))
                {
                    Give(lot == Guid.Empty ? Resources.Allowance : Resources.Lot(lot), ticks);
                    gave += ticks;
                }
            else if (Limit(need, limits) is { } limit && Amount(need, book.FreeBound(need.Resource, limit, now)) is > 0 and var ticks)
                Give(need.Resource, ticks);

        var lots = book.Lots.ToDictionary(lot => Resources.Lot(lot.Id), StringComparer.Ordinal);
        return new SliceAnswer
        {
            Grants = [.. given.Where(one => !Resources.IsLot(one.Key) || lots.ContainsKey(one.Key)).Select(one => new SliceGrant(one.Key, one.Value, Empty(lots.GetValueOrDefault(one.Key))))],
            IsLow = isLow, IsShort = isShort, OthersHave = othersHave, Servers = servers, Limits = limits, Changes = changes,
            FreeCredits = book.FreeCredits(now) - gave,
            HasHadCredit = book.Lots.Count > 0 || session.Query("SELECT 1 FROM lots WHERE team = $team LIMIT 1", row => row.GetInt32(0), ("$team", request.Team.ToString("N"))).Count > 0,
        };
    });

    /// <summary>Writes what a server has taken out of its memory. Rows that are gone were reclaimed, with all that was in them.</summary>
    public static void GiveBack(DatabaseSession session, Guid team, long epoch, IReadOnlyList<(string Resource, long Returned)> shares) => session.Transact(() =>
    {
        Books.BookRow.Take(session, team);
        foreach (var (resource, returned) in shares)
            session.Execute(
                "UPDATE slices SET returned = CASE WHEN returned < $returned THEN $returned ELSE returned END WHERE epoch = $epoch AND team = $team AND resource = $resource",
                ("$returned", returned), ("$epoch", epoch), ("$team", team.ToString("N")), ("$resource", resource));
        return true;
    });

    /// <summary>Says that a server has too little of a team's money: those who have some that lies idle give it back.</summary>
    public static void Want(DatabaseSession session, Guid team) => session.Execute(
        "INSERT INTO wanted (team, number) VALUES ($team, 1) ON CONFLICT (team) DO UPDATE SET number = wanted.number + 1", ("$team", team.ToString("N")));

    private static long? Limit(SliceNeed need, List<(string Gateway, SpendingLimit Limit)> limits) =>
        Resources.KeyOf(need.Resource) is not null ? need.Budget : limits.Find(one => one.Gateway == (Resources.GatewayOf(need.Resource) ?? "")).Limit.Hard;

    private static bool HasElsewhere(TeamBook book, long epoch, string resource) => book.Slices.Any(slice => slice.Epoch != epoch && slice.Out > 0
        && (resource == Resources.Credits ? Resources.IsLot(slice.Resource) || slice.Resource == Resources.Allowance : slice.Resource == resource));

    private static Lot? Empty(Lot? lot) => lot is null ? null : new Lot(lot.Id, lot.Kind, lot.Amount, 0, lot.Expires);
}
