using System.Collections.Concurrent;
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
    private readonly TimeProvider _time;
    private readonly Lock _changing = new();
    private readonly ConcurrentDictionary<KeyDigest, Text> _texts = new();
    private readonly ConcurrentDictionary<Guid, ApiKey> _keys = new();
    private int _version;

    public KeyStore(LedgerDatabase database, TeamStore teams, TimeProvider time)
    {
        (_database, _time, Rows) = (database, time, new KeyRows(database, teams));
        Refresh();
    }

    public IReadOnlyList<string> Concerns { get; } = [Topics.Keys, Topics.Teams];

    public KeyRows Rows { get; }

    /// <summary>Another number after every change, and before whoever made it is told: what was found under an older one may be gone.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>The key with this text, or null. Takes any text, allocates nothing.</summary>
    public ApiKey? Find(ReadOnlySpan<char> text) => Find(text, out _);

    /// <param name="isOld">It is a text that a rotation has replaced, good for a while.</param>
    public ApiKey? Find(ReadOnlySpan<char> text, out bool isOld)
    {
        isOld = false;
        if (text.Length != KeyText.Length || !_texts.TryGetValue(KeyDigest.Of(text), out var found))
            return null;
        isOld = found.Until is not null;
        return found.Until is { } until && _time.GetUtcNow().ToUnixTimeMilliseconds() >= until ? null : found.Key;
    }

    public ApiKey? Find(Guid id) => _keys.GetValueOrDefault(id);

    public IReadOnlyList<ApiKey> All() => [.. _keys.Values.OrderBy(key => key.Created).ThenBy(key => key.Id)];

    /// <summary>Takes over what another process has written: new keys come, deleted ones go, teams change.</summary>
    public void Refresh()
    {
        lock (_changing)
        {
            var (rows, old) = (Rows.All(), Rows.OldTexts());
            var digests = new HashSet<KeyDigest>();
            var ids = new HashSet<Guid>();
            foreach (var row in rows)
            {
                Put(row);
                digests.Add(row.Digest);
                ids.Add(row.Key.Id);
            }
            foreach (var text in old)
                if (Put(text))
                    digests.Add(text.Digest);
            foreach (var gone in _texts.Keys)
                if (!digests.Contains(gone))
                    _texts.TryRemove(gone, out _);
            foreach (var gone in _keys.Keys)
                if (!ids.Contains(gone))
                    _keys.TryRemove(gone, out _);
            Interlocked.Increment(ref _version);
        }
    }

    /// <summary>Takes over one key, once its change is in the database.</summary>
    public void Refresh(Guid id)
    {
        lock (_changing)
        {
            // First what is, then away with what was: between the two a good key is found.
            var digests = new HashSet<KeyDigest>();
            if (Rows.Find(id) is { } row)
            {
                Put(row);
                digests.Add(row.Digest);
                foreach (var text in Rows.OldTexts(id))
                    if (Put(text))
                        digests.Add(text.Digest);
            }
            else
                _keys.TryRemove(id, out _);
            foreach (var (digest, text) in _texts)
                if (text.Key.Id == id && !digests.Contains(digest))
                    _texts.TryRemove(digest, out _);
            Interlocked.Increment(ref _version);
        }
    }

    /// <summary>Makes a key and returns its text, which nobody can show again.</summary>
    public (ApiKey Key, string Text) Create(Team team, string name, Flavour? flavour = null)
    {
        var now = _time.GetUtcNow();
        var (key, text) = New(new ApiKey(Guid.CreateVersion7(now), team, name, "", now, now, Disabled: false) { Flavour = flavour });
        Refresh(key.Id);
        return (key, text);
    }

    /// <summary>Writes a key with a new text; in memory it is with <see cref="Refresh(Guid)"/>.</summary>
    public (ApiKey Key, string Text) New(ApiKey key)
    {
        var text = KeyText.Create();
        key = key with { Redacted = KeyText.Redact(text) };
        Rows.Insert(key, KeyDigest.Of(text));
        return (key, text);
    }

    /// <summary>Forgets a key; false when there is none with this id.</summary>
    public bool Delete(Guid id)
    {
        var was = Rows.Delete(id);
        Refresh(id);
        return was;
    }

    /// <summary>Writes when keys were used last, those that were since.</summary>
    public void WriteUses()
    {
        var used = _keys.Values.Where(key => key.Use.IsNew).Select(key => (key.Id, key.Use, key.Use.Last)).ToList();
        if (used.Count == 0)
            return;
        _database.Transact(() =>
        {
            foreach (var (id, _, last) in used)
                Rows.WriteUse(id, last);
        });
        foreach (var (_, use, last) in used)
            use.Stored(last);
    }

    private void Put(KeyRows.Row row)
    {
        // Requests that run now go on counting on the same object.
        var use = _keys.TryGetValue(row.Key.Id, out var known) ? known.Use : row.Key.Use;
        use.Stored(row.LastUsed);
        var key = row.Key with { Use = use };
        _keys[key.Id] = key;
        _texts[row.Digest] = new Text(key, null);
    }

    private bool Put(KeyRows.OldText text)
    {
        if (!_keys.TryGetValue(text.Key, out var key))
            return false;
        _texts[text.Digest] = new Text(key, text.Expires);
        return true;
    }

    /// <summary>A text's key, and until when the text is good (Unix milliseconds; null: as long as the key).</summary>
    private readonly record struct Text(ApiKey Key, long? Until);
}
