using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>
/// Looks into the books every ten seconds: at the teams whose books have changed, and every five minutes at all of them, because limits are changed and time
/// goes by without an entry. Asks nothing when no alerts are configured.
/// </summary>
internal sealed class AlertWatch(AlertDesk desk, LedgerDatabase database, ConfigState config, TimeProvider time, ILogger<AlertWatch> log) : BackgroundService
{
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Everything = TimeSpan.FromMinutes(5);

    /// <summary>Entries come into the books a little after the time that they bear.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromMinutes(2);

    private DateTimeOffset? _lookedAtAll;
    private HashSet<string> _before = [];
    private bool _isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await LookAsync();
    }

    private async Task LookAsync()
    {
        var (settings, now) = (config.InEffect, time.GetUtcNow());
        if (settings.Alerts is not { } alerts)
            return;
        // A clock that went back is a reason to look at everything too.
        var all = _lookedAtAll is not { } last || now - last >= Everything || now < last;
        try
        {
            var seen = await database.ReadAsync(session => Look(new AlertFacts(session, alerts, settings.Credits, now), all ? DateTimeOffset.UnixEpoch : now - Lag, all));
            // When a month's grant ends the next one comes a moment later: no credit is what two looks have seen.
            var (credit, rest) = (seen.Where(IsAboutCredit).ToList(), seen.Where(sighting => !IsAboutCredit(sighting)));
            await desk.TellAsync([.. rest, .. credit.Where(sighting => _before.Contains(sighting.Occasion))]);
            _before = [.. credit.Select(sighting => sighting.Occasion)];
            _lookedAtAll = all ? now : _lookedAtAll;
            _isAway = false;
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            if (!_isAway)
                log.LogWarning("The books cannot be looked at for alerts ({Reason}); trying again", away.Message);
            _isAway = true;
        }
    }

    private static List<Sighting> Look(AlertFacts facts, DateTimeOffset since, bool all) => [.. facts.OfChanged(since), .. all ? facts.Expiring() : []];

    private static bool IsAboutCredit(Sighting sighting) => sighting.Type is AlertTypes.CreditLow or AlertTypes.CreditExhausted;
}
