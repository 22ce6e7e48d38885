using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Hosting;

/// <summary>Makes what an empty installation needs: a team and a first key, whose text is known here and nowhere afterwards.</summary>
internal static class FirstStart
{
    public static (Team Team, string? Key) Ensure(Storage.LedgerDatabase database, TeamStore teams, TimeProvider time)
    {
        if (teams.All() is [var existing, ..])
            return (existing, null);
        (Team Team, string Key) made = default;
        database.Transact(() =>
        {
            var team = teams.Create("default");
            var (_, text) = new KeyStore(database, teams, time).Create(team, "first key");
            made = (team, text);
        });
        return made;
    }
}
