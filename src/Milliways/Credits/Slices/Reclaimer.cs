using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// Gives back to all what servers had that are gone. First an epoch is marked, in a transaction of its own; then its slices are deleted, team by team under the
/// team's lock. So whoever holds that lock and finds no mark can rely on the slices until he lets go of it.
/// </summary>
internal static class Reclaimer
{
    /// <summary>Marks epochs that have ended, and those that were silent for too long.</summary>
    /// <param name="session">On the database.</param>
    /// <param name="before">Unix milliseconds of the database's clock: who was not seen since then is gone.</param>
    /// <param name="now">The same clock.</param>
    /// <returns>How many.</returns>
    public static int Mark(DatabaseSession session, long before, long now) => session.Execute(
        "UPDATE epochs SET reclaimed = $now, ended = COALESCE(ended, $now) WHERE reclaimed IS NULL AND (ended IS NOT NULL OR seen < $before)", ("$now", now), ("$before", before));

    /// <summary>Deletes what is left of marked epochs; also what a transaction committed that had found no mark yet.</summary>
    public static void Clear(DatabaseSession session)
    {
        var left = session.Query("SELECT DISTINCT s.team, s.epoch FROM slices s JOIN epochs e ON e.epoch = s.epoch WHERE e.reclaimed IS NOT NULL ORDER BY 1, 2",
            row => (Team: Guid.ParseExact(row.GetString(0), "N"), Epoch: row.GetInt64(1)));
        foreach (var (team, epoch) in left)
            session.Transact(() =>
            {
                Books.BookRow.Take(session, team);
                return Delete(session, team, epoch);
            });
        session.Execute("DELETE FROM open_holds WHERE epoch IN (SELECT epoch FROM epochs WHERE reclaimed IS NOT NULL)");
    }

    /// <summary>Under the team's lock.</summary>
    public static int Delete(DatabaseSession session, Guid team, long epoch) =>
        session.Execute("DELETE FROM slices WHERE team = $team AND epoch = $epoch", ("$team", team.ToString("N")), ("$epoch", epoch));
}
