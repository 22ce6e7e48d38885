using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>
/// All keys, in memory by the digest of their text. A look-up hashes the presented text and finds the digest: what an attacker could learn from its
/// timing is the digest of a key, from which the key cannot be found.
/// </summary>
internal sealed class KeyStore : IRefreshed
{
    private readonly LedgerDatabase _database;
    private readonly TeamStore _teams;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<UInt256, ApiKey> _keys = new();

    /// <summary>What is read again must not undo in memory what is being changed here: one of the two at a time.</summary>
    private readonly Lock _changing = new();

    public KeyStore(LedgerDatabase database, TeamStore teams, TimeProvider time)
    {
        (_database, _teams, _time) = (database, teams, time);
        Refresh();
    }

    public IReadOnlyList<string> Concerns { get; } = [Topics.Keys, Topics.Teams];

    /// <summary>The key with this text, or null. Takes any text, allocates nothing.</summary>
    public ApiKey? Find(ReadOnlySpan<char> text)
    {
        if (text.Length != KeyText.Length)
            return null;
        Span<byte> utf8 = stackalloc byte[KeyText.Length * 3];
        var length = Encoding.UTF8.GetBytes(text, utf8);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(utf8[..length], digest);
        return _keys.GetValueOrDefault(UInt256.From(digest));
    }

    /// <summary>Takes over what another process has written: new keys come, deleted ones go.</summary>
    public void Refresh()
    {
        lock (_changing)
            ReadAgain();
    }

    private void ReadAgain()
    {
        var teams = _teams.All().ToDictionary(team => team.Account);
        var stored = _database.Query(
            "SELECT digest, id, team, name, redacted, created, modified, disabled, flavour FROM api_keys",
            row => !teams.TryGetValue(row.GetString(2), out var team) ? default : (Digest: UInt256.From(row.GetFieldValue<byte[]>(0)), Key: new ApiKey(
                Guid.ParseExact(row.GetString(1), "N"), team, row.GetString(3), row.GetString(4),
                DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)), row.GetInt64(7) != 0)
            {
                Flavour = row.IsDBNull(8) ? null : Flavours.Parse(row.GetString(8)),
            }));
        // A team that was made between the two questions comes with the next reading: it has raised the number of changes.
        stored.RemoveAll(row => row.Key is null);
        foreach (var (digest, key) in stored)
            _keys[digest] = key;
        foreach (var gone in _keys.Keys.Except(stored.Select(row => row.Digest)))
            _keys.TryRemove(gone, out _);
    }

    public IReadOnlyList<ApiKey> All() => [.. _keys.Values.OrderBy(key => key.Created).ThenBy(key => key.Id)];

    /// <summary>Makes a key and returns its text, which nobody can show again.</summary>
    public (ApiKey Key, string Text) Create(Team team, string name, Flavour? flavour = null)
    {
        var now = _time.GetUtcNow();
        var text = KeyText.Create();
        var digest = SHA256.HashData(Encoding.ASCII.GetBytes(text));
        var key = new ApiKey(Guid.CreateVersion7(now), team, name, KeyText.Redact(text), now, now, Disabled: false) { Flavour = flavour };
        lock (_changing)
        {
            _database.Execute(
                "INSERT INTO api_keys (id, team, name, digest, redacted, created, modified, flavour) VALUES ($id, $team, $name, $digest, $redacted, $now, $now, $flavour)",
                ("$id", key.Id.ToString("N")), ("$team", team.Account), ("$name", name), ("$digest", digest), ("$redacted", key.Redacted),
                ("$now", now.ToUnixTimeMilliseconds()), ("$flavour", flavour?.Word()));
            _keys[UInt256.From(digest)] = key;
        }
        return (key, text);
    }

    /// <summary>Forgets a key; false when there is none with this id.</summary>
    public bool Delete(Guid id)
    {
        lock (_changing)
        {
            foreach (var (digest, key) in _keys)
                if (key.Id == id)
                    _keys.TryRemove(digest, out _);
            return _database.Execute("DELETE FROM api_keys WHERE id = $id", ("$id", id.ToString("N"))) > 0;
        }
    }

    /// <summary>A digest as a dictionary's key, compared as four words.</summary>
    private readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
    {
        public static UInt256 From(ReadOnlySpan<byte> digest) =>
            new(BitConverter.ToUInt64(digest), BitConverter.ToUInt64(digest[8..]), BitConverter.ToUInt64(digest[16..]), BitConverter.ToUInt64(digest[24..]));

        public override int GetHashCode() => (int)A;
    }
}
