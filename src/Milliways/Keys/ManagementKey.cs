using System.Data.Common;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>A key for the management API, of another kind than those that answer for models: neither is taken where the other belongs.</summary>
internal sealed record ManagementKey(Guid Id, Team Team, string Name, string Redacted, DateTimeOffset Created, DateTimeOffset Modified)
{
    /// <summary><c>team-token:endpoint:NAME</c>.</summary>
    public required IReadOnlyList<string> Acls { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public Guid? CreatedBy { get; init; }

    public ManagementActor Actor => new(Id, Team.Id, CreatedBy, Acls);
}

/// <summary>The rows of management keys. They are asked for with every request: few come, and what is deleted is gone at once.</summary>
internal sealed class ManagementKeyStore(LedgerDatabase database, TeamStore teams, TimeProvider time)
{
    private const string Columns = "SELECT id, team, name, redacted, created, modified, acls, expires, created_by FROM management_keys";

    /// <summary>The key with this text that is good now, or null.</summary>
    public ManagementKey? Find(ReadOnlySpan<char> text)
    {
        if (!KeyText.IsWellFormedManagement(text))
            return null;
        return One(database.Query($"{Columns} WHERE digest = $digest", Read, ("$digest", KeyDigest.Of(text).ToBytes()))) is { } key
            && !key.Team.Blocked && !(key.Expires <= time.GetUtcNow()) ? key : null;
    }

    public ManagementKey? Find(Guid id) => One(database.Query($"{Columns} WHERE id = $id", Read, ("$id", id.ToString("N"))));

    public IReadOnlyList<ManagementKey> Of(Team team) =>
        [.. database.Query($"{Columns} WHERE team = $team ORDER BY created, id", Read, ("$team", team.Account)).Select(row => row.Key with { Team = team })];

    public void Insert(ManagementKey key, string text) => database.Execute(
        "INSERT INTO management_keys (id, team, name, digest, redacted, acls, created, modified, expires, created_by) VALUES ($id, $team, $name, $digest, $redacted, $acls, $created, $created, $expires, $created_by)",
        ("$id", key.Id.ToString("N")), ("$team", key.Team.Account), ("$name", key.Name), ("$digest", KeyDigest.Of(text).ToBytes()), ("$redacted", key.Redacted),
        ("$acls", string.Join(' ', key.Acls)), ("$created", key.Created.ToUnixTimeMilliseconds()), ("$expires", key.Expires?.ToUnixTimeMilliseconds()),
        ("$created_by", key.CreatedBy?.ToString("N")));

    public void Delete(Guid id) => database.Execute("DELETE FROM management_keys WHERE id = $id", ("$id", id.ToString("N")));

    private ManagementKey? One(List<(ManagementKey Key, string Team)> found) =>
        found is [var (key, team)] && teams.Find(Guid.ParseExact(team, "N")) is { } owner ? key with { Team = owner } : null;

    private static (ManagementKey Key, string Team) Read(DbDataReader row) => (
        new ManagementKey(Guid.ParseExact(row.GetString(0), "N"), Nobody, row.GetString(2), row.GetString(3), Time(row, 4), Time(row, 5))
        {
            Acls = row.GetString(6).Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Expires = row.IsDBNull(7) ? null : Time(row, 7),
            CreatedBy = row.IsDBNull(8) ? null : Guid.ParseExact(row.GetString(8), "N"),
        }, row.GetString(1));

    private static readonly Team Nobody = new(Guid.Empty, "");

    private static DateTimeOffset Time(DbDataReader row, int at) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(at));
}
