using System.Collections.Concurrent;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>
/// Where sightings become alerts: each occasion once, by the database's unique key, whatever the number of servers and restarts. The alert and its deliveries
/// are one transaction, so a crash leaves both or none, and then the next look sees the same again.
/// </summary>
internal sealed class AlertDesk(LedgerDatabase database, ConfigState config, TimeProvider time, ILogger<AlertDesk> log)
{
    /// <summary>Occasions that are known to be told, so that the database is not asked for each at every look. Forgetting some costs a question.</summary>
    private const int MostKnown = 10_000;

    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    /// <summary>Something was told: there may be something to deliver.</summary>
    public event Action? Told;

    /// <summary>Tells what is new.</summary>
    /// <exception cref="DatabaseException">The database cannot be used: nothing was told, and trying again is right.</exception>
    public async Task TellAsync(IEnumerable<Sighting> sightings)
    {
        foreach (var sighting in sightings)
        {
            if (_told.ContainsKey(sighting.Occasion) || config.InEffect.Alerts is not { } alerts)
                continue;
            var isNew = await database.RunAsync(session => Add(session, alerts, sighting));
            if (_told.Count >= MostKnown)
                _told.Clear();
            _told[sighting.Occasion] = true;
            if (!isNew)
                continue;
            log.LogWarning("Alert {Type}: {Message}", sighting.Type, sighting.Data.Message);
            Told?.Invoke();
        }
    }

    private bool Add(DatabaseSession session, AlertsConfig alerts, Sighting sighting)
    {
        if (AlertBook.Knows(session, sighting.Occasion))
            return false;
        var now = time.GetUtcNow();
        return AlertBook.Add(session, sighting, Alert.Of(sighting, now), now, AlertTargets.Of(session, alerts, sighting));
    }
}
