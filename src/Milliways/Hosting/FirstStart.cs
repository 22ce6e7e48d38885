using System.Text;
using Milliways.Keys;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Hosting;

/// <summary>
/// Makes what an empty installation needs: a team and a first key, whose text is known here and nowhere afterwards. A start that ends before anybody
/// was shown the key (a taken port, a kill) leaves a file that says so, and the next start puts another key in that one's place. One that ends while the
/// key is being shown leaves the file empty: then another key is made, and the one that somebody may have read stays good.
/// </summary>
internal static class FirstStart
{
    public static (Team Team, string? Key) Ensure(LedgerDatabase database, TeamStore teams, TimeProvider time, DataDirectory data)
    {
        var existing = teams.All() is [var team, ..] ? team : null;
        if (existing is not null && !File.Exists(data.UnseenKeyFile))
            return (existing, null);
        (Team Team, string Key) made = default;
        database.Transact(() =>
        {
            var keys = new KeyStore(database, teams, time);
            if (existing is not null && UnseenKey(data) is { } unseen)
                keys.Delete(unseen);
            var owner = existing ?? teams.Create("default");
            var (key, text) = keys.Create(owner, "first key");
            Remember(data, key.Id); // before the commit: a key that is stored is never without it
            made = (owner, text);
        });
        return made;
    }

    /// <summary>From here on somebody may read the key.</summary>
    public static void Showing(DataDirectory data)
    {
        if (File.Exists(data.UnseenKeyFile))
            Remember(data, key: null);
    }

    /// <summary>The start has told the key, as far as it was told to tell anything.</summary>
    public static void Shown(DataDirectory data) => File.Delete(data.UnseenKeyFile);

    private static Guid? UnseenKey(DataDirectory data) => Guid.TryParseExact(File.ReadAllText(data.UnseenKeyFile).Trim(), "N", out var id) ? id : null;

    private static void Remember(DataDirectory data, Guid? key)
    {
        using var file = DataDirectory.OpenPrivate(data.UnseenKeyFile);
        file.SetLength(0);
        if (key is { } id)
            file.Write(Encoding.ASCII.GetBytes(id.ToString("N")));
        file.Flush(flushToDisk: true);
    }
}
