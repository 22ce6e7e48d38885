using Milliways.Storage;

namespace Milliways.Teams;

internal sealed class TeamStore(LedgerDatabase database, TimeProvider time)
{
    public IReadOnlyList<Team> All() =>
        database.Query("SELECT id, name FROM teams ORDER BY created, id", row => new Team(Guid.ParseExact(row.GetString(0), "N"), row.GetString(1)));

    public Team Create(string name)
    {
        var now = time.GetUtcNow();
        var team = new Team(Guid.CreateVersion7(now), name);
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, $name, $created)",
            ("$id", team.Account), ("$name", name), ("$created", now.ToUnixTimeMilliseconds()));
        return team;
    }
}
