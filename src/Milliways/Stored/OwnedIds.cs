using Milliways.Storage;

namespace Milliways.Stored;

/// <summary>
/// Which team made a file, a batch or a video through us. All teams share the operator's account at the provider, so an id that is not recorded for a
/// team does not exist for it.
/// </summary>
internal sealed class OwnedIds(StoredDatabase database, TimeProvider time)
{
    /// <summary>The first team keeps an id: a provider that gives one out twice gives nothing away.</summary>
    public Task<int> AddAsync(string kind, string id, string team) => database.WriteAsync(session => session.Execute(
        "INSERT INTO owned_ids (kind, id, team, created) VALUES ($kind, $id, $team, $now) ON CONFLICT (kind, id) DO NOTHING",
        ("$kind", kind), ("$id", id), ("$team", team), ("$now", time.GetUtcNow().ToUnixTimeMilliseconds())));

    public Task<bool> OwnsAsync(string kind, string id, string team) => database.ReadAsync(session => session.Query(
        "SELECT 1 FROM owned_ids WHERE kind = $kind AND id = $id AND team = $team", row => row.GetInt32(0),
        ("$kind", kind), ("$id", id), ("$team", team)).Count > 0);

    public Task<HashSet<string>> AllAsync(string kind, string team) => database.ReadAsync(session => session.Query(
        "SELECT id FROM owned_ids WHERE kind = $kind AND team = $team", row => row.GetString(0), ("$kind", kind), ("$team", team)).ToHashSet(StringComparer.Ordinal));

    public Task<int> RemoveAsync(string kind, string id) => database.WriteAsync(session => session.Execute(
        "DELETE FROM owned_ids WHERE kind = $kind AND id = $id", ("$kind", kind), ("$id", id)));
}
