using System.Data.Common;
using Milliways.Storage;

namespace Milliways.Teams;

/// <summary>The rows of teams. What may be done with them, and by whom, is <see cref="TeamCommands"/>' business.</summary>
internal sealed class TeamStore(LedgerDatabase database, TimeProvider time)
{
    private const string Columns = $"SELECT id, name, created, blocked, price_percent, {LimitColumns.Names} FROM teams";

    /// <summary>Oldest first: the first is the one that commands mean when none is named.</summary>
    public IReadOnlyList<Team> All() => database.Query($"{Columns} ORDER BY created, id", Read);

    public Team? Find(Guid id) => database.Query($"{Columns} WHERE id = $id", Read, ("$id", id.ToString("N"))) is [var team] ? team : null;

    public Team Create(string name)
    {
        var now = time.GetUtcNow();
        var team = new Team(Guid.CreateVersion7(now), name) { Created = now };
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, $name, $created)",
            ("$id", team.Account), ("$name", name), ("$created", now.ToUnixTimeMilliseconds()));
        return team;
    }

    public void Update(Team team)
    {
        (string, object?)[] parameters = [("$id", team.Account), ("$name", team.Name), ("$blocked", team.Blocked ? 1 : 0), ("$percent", team.PricePercent), .. LimitColumns.Values(team.Limits)];
        database.Execute($"UPDATE teams SET name = $name, blocked = $blocked, price_percent = $percent, {LimitColumns.Assignments} WHERE id = $id", parameters);
    }

    public void Delete(Guid id) => database.Execute("DELETE FROM teams WHERE id = $id", ("$id", id.ToString("N")));

    /// <summary>What still belongs to a team, in words for people; empty when it can go.</summary>
    public IReadOnlyList<string> Belongings(Guid id) =>
    [
        .. new (string Table, string What)[] { ("api_keys", "API keys"), ("management_keys", "management keys"), ("members", "members") }
            .Where(row => database.Query($"SELECT COUNT(*) FROM {row.Table} WHERE team = $id", count => count.GetInt64(0), ("$id", id.ToString("N")))[0] > 0)
            .Select(row => row.What),
    ];

    private static Team Read(DbDataReader row) => new(Guid.ParseExact(row.GetString(0), "N"), row.GetString(1))
    {
        Created = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
        Blocked = row.GetInt64(3) != 0,
        PricePercent = (int)row.GetInt64(4),
        Limits = LimitColumns.Read(row, 5),
    };
}
