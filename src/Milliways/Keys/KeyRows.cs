using System.Data.Common;
using Milliways.Dialects.Chat;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>The rows of API keys as SQL reads and writes them. What belongs together is written in the caller's transaction.</summary>
internal sealed class KeyRows(LedgerDatabase database, TeamStore teams)
{
    private const string Columns =
        $"SELECT digest, id, team, name, redacted, created, modified, disabled, flavour, acls, expires, blocked, budget, created_by, modified_by, last_used, {LimitColumns.Names} FROM api_keys";

    /// <summary>A key, the digest of its text, and what the database knows of its last use (Unix milliseconds; 0: nothing).</summary>
    internal readonly record struct Row(KeyDigest Digest, ApiKey Key, long LastUsed);

    /// <summary>The text that a rotation replaced, and until when it works (Unix milliseconds).</summary>
    internal readonly record struct OldText(KeyDigest Digest, Guid Key, long Expires);

    public List<Row> All()
    {
        var byAccount = teams.All().ToDictionary(team => team.Account);
        return database.Query(Columns, row => Read(row, byAccount[row.GetString(2)]));
    }

    public Row? Find(Guid id)
    {
        var found = database.Query($"{Columns} WHERE id = $id", row => (Row: Read(row, Nobody), Team: row.GetString(2)), ("$id", id.ToString("N")));
        return found is [var (row, team)] && teams.Find(Guid.ParseExact(team, "N")) is { } owner ? row with { Key = row.Key with { Team = owner } } : null;
    }

    public List<OldText> OldTexts(Guid? key = null) => key is { } one
        ? database.Query("SELECT digest, api_key, expires FROM old_key_texts WHERE api_key = $key", ReadOld, ("$key", one.ToString("N")))
        : database.Query("SELECT digest, api_key, expires FROM old_key_texts", ReadOld);

    public void Insert(ApiKey key, KeyDigest digest) => database.Execute(
        $"INSERT INTO api_keys (id, team, name, digest, redacted, created, modified, disabled, flavour, acls, expires, blocked, budget, created_by, modified_by, {LimitColumns.Names}) " +
        $"VALUES ($id, $team, $name, $digest, $redacted, $created, $modified, $disabled, $flavour, $acls, $expires, $blocked, $budget, $created_by, $modified_by, {LimitColumns.Parameters})",
        [.. Values(key), ("$digest", digest.ToBytes()), ("$team", key.Team.Account), ("$created", key.Created.ToUnixTimeMilliseconds()), ("$created_by", key.CreatedBy?.ToString("N"))]);

    public void Update(ApiKey key) => database.Execute(
        "UPDATE api_keys SET name = $name, redacted = $redacted, modified = $modified, disabled = $disabled, flavour = $flavour, acls = $acls, expires = $expires, blocked = $blocked, " +
        $"budget = $budget, modified_by = $modified_by, {LimitColumns.Assignments} WHERE id = $id",
        Values(key));

    /// <summary>Puts another text in the place of a key's, which works until <paramref name="oldExpires"/>.</summary>
    public void Rotate(Guid id, KeyDigest next, DateTimeOffset oldExpires)
    {
        database.Execute("INSERT INTO old_key_texts (digest, api_key, expires) SELECT digest, id, $expires FROM api_keys WHERE id = $id",
            ("$id", id.ToString("N")), ("$expires", oldExpires.ToUnixTimeMilliseconds()));
        database.Execute("UPDATE api_keys SET digest = $digest WHERE id = $id", ("$digest", next.ToBytes()), ("$id", id.ToString("N")));
    }

    public void ForgetOldTexts(DateTimeOffset now) =>
        database.Execute("DELETE FROM old_key_texts WHERE expires <= $now", ("$now", now.ToUnixTimeMilliseconds()));

    public bool Delete(Guid id)
    {
        database.Execute("DELETE FROM old_key_texts WHERE api_key = $id", ("$id", id.ToString("N")));
        return database.Execute("DELETE FROM api_keys WHERE id = $id", ("$id", id.ToString("N"))) > 0;
    }

    public void WriteUse(Guid id, long last) =>
        database.Execute("UPDATE api_keys SET last_used = $last WHERE id = $id", ("$last", last), ("$id", id.ToString("N")));

    private static readonly Team Nobody = new(Guid.Empty, "");

    private static (string Name, object? Value)[] Values(ApiKey key) =>
    [
        ("$id", key.Id.ToString("N")), ("$name", key.Name), ("$redacted", key.Redacted), ("$modified", key.Modified.ToUnixTimeMilliseconds()), ("$disabled", key.Disabled ? 1 : 0),
        ("$flavour", key.Flavour?.Word()), ("$acls", key.Acls.Text), ("$expires", key.Expires?.ToUnixTimeMilliseconds()), ("$blocked", key.Blocked ? 1 : 0), ("$budget", key.Budget),
        ("$modified_by", key.ModifiedBy?.ToString("N")), .. LimitColumns.Values(key.Limits),
    ];

    private static Row Read(DbDataReader row, Team team) => new(KeyDigest.From(row.GetFieldValue<byte[]>(0)), new ApiKey(
        Guid.ParseExact(row.GetString(1), "N"), team, row.GetString(3), row.GetString(4), Time(row, 5), Time(row, 6), row.GetInt64(7) != 0)
    {
        Flavour = row.IsDBNull(8) ? null : Flavours.Parse(row.GetString(8)),
        Acls = KeyAcls.Read(row.GetString(9)),
        Expires = row.IsDBNull(10) ? null : Time(row, 10),
        Blocked = row.GetInt64(11) != 0,
        Budget = row.IsDBNull(12) ? null : row.GetInt64(12),
        CreatedBy = row.IsDBNull(13) ? null : Guid.ParseExact(row.GetString(13), "N"),
        ModifiedBy = row.IsDBNull(14) ? null : Guid.ParseExact(row.GetString(14), "N"),
        Limits = LimitColumns.Read(row, 16),
    }, row.IsDBNull(15) ? 0 : row.GetInt64(15));

    private static OldText ReadOld(DbDataReader row) => new(KeyDigest.From(row.GetFieldValue<byte[]>(0)), Guid.ParseExact(row.GetString(1), "N"), row.GetInt64(2));

    private static DateTimeOffset Time(DbDataReader row, int at) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(at));
}
