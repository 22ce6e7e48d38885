using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>A delivery that this server has claimed.</summary>
/// <param name="Attempts">Tries before this one.</param>
internal sealed record Claim(string Alert, string Target, int Attempts, string Body);

/// <summary>The rows of alerts and of their deliveries.</summary>
internal static class AlertBook
{
    /// <summary>How long a server has for one try; then another one, or the same after a restart, takes it.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan KeptDeliveries = TimeSpan.FromDays(90);
    private static readonly TimeSpan KeptAlerts = TimeSpan.FromDays(400);

    /// <summary>No time of ours lies so far ahead: a clock was put back since it was written, and it counts as over.</summary>
    private static readonly TimeSpan Far = TimeSpan.FromDays(1);

    private const string Due = "state = 'waiting' AND (due <= $now OR due > $far) AND (claimed <= $now OR claimed > $far)";

    /// <summary>Keeps an alert and what is to be delivered of it, whole or not at all. False: the occasion is known.</summary>
    public static bool Add(DatabaseSession session, Sighting sighting, Alert alert, DateTimeOffset now, IReadOnlyList<string> targets) => session.Transact(() =>
    {
        var added = session.Execute(
            "INSERT INTO alerts (id, occasion, type, team, created, body, lasts) VALUES ($id, $occasion, $type, $team, $created, $body, $lasts) ON CONFLICT (occasion) DO NOTHING",
            ("$id", alert.Id), ("$occasion", sighting.Occasion), ("$type", alert.Type), ("$team", alert.Team), ("$created", now.ToUnixTimeMilliseconds()), ("$body", alert.ToJson()),
            ("$lasts", sighting.Lasts ? 1 : 0));
        if (added == 0)
            return false;
        foreach (var target in targets)
        {
            var isOff = IsOff(session, target);
            session.Execute(
                "INSERT INTO alert_deliveries (alert, target, state, attempts, due, claimed, ended) VALUES ($alert, $target, $state, 0, $now, 0, $ended)",
                ("$alert", alert.Id), ("$target", target), ("$state", isOff ? "off" : "waiting"), ("$now", now.ToUnixTimeMilliseconds()),
                ("$ended", isOff ? now.ToUnixTimeMilliseconds() : null));
        }
        return true;
    });

    public static bool Knows(DatabaseSession session, string occasion) =>
        session.Query("SELECT 1 FROM alerts WHERE occasion = $occasion", row => row.GetInt32(0), ("$occasion", occasion)).Count > 0;

    /// <summary>What could be claimed now, the longest due first.</summary>
    public static List<Claim> FindDue(DatabaseSession session, DateTimeOffset now, int most) => session.Query(
        $"SELECT alert, target, attempts, body FROM alert_deliveries JOIN alerts ON alerts.id = alert WHERE {Due} ORDER BY due, alert, target LIMIT $most",
        row => new Claim(row.GetString(0), row.GetString(1), (int)row.GetInt64(2), row.GetString(3)), [.. Times(now), ("$most", most)]);

    /// <summary>True: it is this server's until the lease ends. Of several that try, one succeeds.</summary>
    public static bool TryClaim(DatabaseSession session, Claim claim, DateTimeOffset now) => session.Execute(
        $"UPDATE alert_deliveries SET claimed = $until WHERE alert = $alert AND target = $target AND attempts = $attempts AND {Due}",
        [.. Times(now), ("$until", (now + Lease).ToUnixTimeMilliseconds()), ("$alert", claim.Alert), ("$target", claim.Target), ("$attempts", claim.Attempts)]) > 0;

    public static void Delivered(DatabaseSession session, Claim claim, DateTimeOffset now) => End(session, claim, "delivered", error: null, now);

    public static void GiveUp(DatabaseSession session, Claim claim, string error, DateTimeOffset now) => End(session, claim, "failed", error, now);

    public static void TryAgain(DatabaseSession session, Claim claim, string error, DateTimeOffset at) => session.Execute(
        "UPDATE alert_deliveries SET attempts = attempts + 1, due = $due, claimed = 0, error = $error WHERE alert = $alert AND target = $target AND state = 'waiting'",
        ("$due", at.ToUnixTimeMilliseconds()), ("$error", error), ("$alert", claim.Alert), ("$target", claim.Target));

    /// <summary>The target wants nothing more: not this one, not those that wait, none that comes.</summary>
    public static void SwitchOff(DatabaseSession session, Claim claim, string error, DateTimeOffset now) => session.Transact(() =>
    {
        End(session, claim, "off", error, now);
        session.Execute("UPDATE alert_deliveries SET state = 'off', ended = $now WHERE target = $target AND state = 'waiting'", ("$now", now.ToUnixTimeMilliseconds()), ("$target", claim.Target));
        return session.Execute("INSERT INTO alert_targets (target, since) VALUES ($target, $now) ON CONFLICT (target) DO NOTHING", ("$target", claim.Target), ("$now", now.ToUnixTimeMilliseconds()));
    });

    /// <summary>True: it was off.</summary>
    public static bool SwitchOn(DatabaseSession session, string target) => session.Execute("DELETE FROM alert_targets WHERE target = $target", ("$target", target)) > 0;

    public static bool IsOff(DatabaseSession session, string target) =>
        session.Query("SELECT 1 FROM alert_targets WHERE target = $target", row => row.GetInt32(0), ("$target", target)).Count > 0;

    /// <summary>Forgets what is old; an occasion without a period is kept, or it would be told again.</summary>
    public static int Forget(DatabaseSession session, DateTimeOffset now) =>
        session.Execute("DELETE FROM alert_deliveries WHERE state <> 'waiting' AND ended < $before", ("$before", (now - KeptDeliveries).ToUnixTimeMilliseconds()))
        + session.Execute("DELETE FROM alerts WHERE lasts = 0 AND created < $before", ("$before", (now - KeptAlerts).ToUnixTimeMilliseconds()));

    /// <summary>The newest first.</summary>
    public static List<AlertShown> List(DatabaseSession session, string? team, int most)
    {
        var deliveries = session.Query(
            $"SELECT alert, target, state, attempts, due, error, ended FROM alert_deliveries WHERE alert IN (SELECT id FROM alerts {Chosen}) ORDER BY alert, target",
            row => (Alert: row.GetString(0), Shown: new DeliveryShown(
                row.GetString(1), row.GetString(2), (int)row.GetInt64(3), row.GetString(2) == "waiting" ? Time(row.GetInt64(4)) : null, row.IsDBNull(5) ? null : row.GetString(5),
                row.IsDBNull(6) ? null : Time(row.GetInt64(6)))),
            ("$team", team), ("$most", most)).ToLookup(row => row.Alert, row => row.Shown);
        return session.Query($"SELECT id, body FROM alerts {Chosen}", row => (Id: row.GetString(0), Alert: Alert.Parse(row.GetString(1))), ("$team", team), ("$most", most))
            .ConvertAll(row => new AlertShown(row.Id, row.Alert.Type, row.Alert.Created, row.Alert.Team, row.Alert.Data, [.. deliveries[row.Id]]));
    }

    private const string Chosen = "WHERE CAST($team AS TEXT) IS NULL OR team = $team ORDER BY created DESC, id DESC LIMIT $most";

    private static (string, object?)[] Times(DateTimeOffset now) => [("$now", now.ToUnixTimeMilliseconds()), ("$far", (now + Far).ToUnixTimeMilliseconds())];

    private static string? Time(long at) => Credits.Books.StatementReader.Text(DateTimeOffset.FromUnixTimeMilliseconds(at));

    private static void End(DatabaseSession session, Claim claim, string state, string? error, DateTimeOffset now) => session.Execute(
        "UPDATE alert_deliveries SET state = $state, attempts = attempts + 1, claimed = 0, error = $error, ended = $now WHERE alert = $alert AND target = $target AND state = 'waiting'",
        ("$state", state), ("$error", error), ("$now", now.ToUnixTimeMilliseconds()), ("$alert", claim.Alert), ("$target", claim.Target));
}
