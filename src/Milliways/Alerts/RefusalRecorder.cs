using System.Globalization;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>Makes alerts of refusals, which are in no book.</summary>
internal sealed class RefusalRecorder(RefusalQueue queue, AlertDesk desk, LedgerDatabase database, ConfigState config, TimeProvider time, ILogger<RefusalRecorder> log) : BackgroundService
{
    private long _toldLost;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var refused in queue.Reader.ReadAllAsync(stoppingToken))
            try
            {
                if (await database.ReadAsync(session => Of(session, refused)) is { } sighting)
                    await desk.TellAsync([sighting]);
                if (queue.Lost is var lost && lost != _toldLost)
                    log.LogWarning("{Count} refusals found the queue of alerts full; the next of their kind is told", lost - _toldLost);
                _toldLost = queue.Lost;
            }
            catch (Exception away) when (Bookkeeping.IsTrouble(away))
            {
                // Within a minute the next refusal of this kind comes, if there is one.
                log.LogWarning("An alert could not be kept ({Reason})", away.Message);
            }
    }

    private Sighting? Of(DatabaseSession session, in RefusedRequest refused)
    {
        var (settings, now) = (config.InEffect, time.GetUtcNow());
        if (settings.Alerts is not { } alerts)
            return null;
        return refused.Why is null ? Unpriced(refused.Model!, refused.Upstream!, now) : new AlertFacts(session, alerts, settings.Credits, now).OfRefusal(refused);
    }

    /// <summary>Once a day for an upstream: callers may write any name behind its slash.</summary>
    private static Sighting Unpriced(string model, string upstream, DateTimeOffset now) => new(
        AlertTypes.Unpriced, Team: null, string.Create(CultureInfo.InvariantCulture, $"unpriced:{upstream}:{now.UtcDateTime:yyyy-MM-dd}"),
        new AlertData(AlertText.Line($"A request on credit was refused: the model {model} of the upstream {upstream} has no price. Give it one (models.{model}.price, or upstreams.{upstream}.prices).")) { Model = AlertText.Line(model), Upstream = upstream });
}
