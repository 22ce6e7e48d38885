using System.Security.Cryptography;
using System.Text;
using Milliways.Hosting.Configuration;
using Milliways.Storage;
using Milliways.Upstreams;

namespace Milliways.Alerts;

/// <summary>
/// Who is told. A target's name stands in the database and in lists, so a webhook is named by its host and a digest of its address, whose path may be a
/// secret; the configuration in effect says what belongs to the name.
/// </summary>
internal static class AlertTargets
{
    private const string MailPrefix = "mail:";

    public static string NameOf(WebhookConfig webhook) =>
        $"webhook:{UpstreamAddress.Parse(webhook.Url).Origin.Split("://")[1]}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(webhook.Url)))[..12]}";

    public static string NameOf(string address) => MailPrefix + address;

    public static WebhookConfig? Webhook(AlertsConfig config, string target) => config.Webhooks.FirstOrDefault(webhook => NameOf(webhook) == target);

    /// <summary>The mail address of a target; null: it is a webhook.</summary>
    public static string? Address(string target) => target.StartsWith(MailPrefix, StringComparison.Ordinal) ? target[MailPrefix.Length..] : null;

    /// <summary>Everybody who is told, each once.</summary>
    public static IReadOnlyList<string> Of(DatabaseSession session, AlertsConfig config, Sighting sighting)
    {
        var targets = config.Webhooks.Where(webhook => Wants(webhook.Events, sighting.Type)).Select(NameOf).ToList();
        if (config.Smtp is { } smtp && Wants(smtp.Events, sighting.Type))
        {
            targets.AddRange(smtp.To.Select(NameOf));
            if (smtp.ToMembers && sighting.Team is { } team && AlertTypes.IsTeams(sighting.Type))
                targets.AddRange(Managers(session, team).Select(NameOf));
        }
        return [.. targets.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static bool Wants(IReadOnlyList<string> events, string type) => events.Count == 0 || events.Contains(type) || type == AlertTypes.Test;

    private static List<string> Managers(DatabaseSession session, Guid team) => session.Query(
        "SELECT users.email FROM members JOIN users ON users.id = members.person WHERE members.team = $team AND members.role IN ('owner', 'admin') AND users.disabled = 0 ORDER BY users.email",
        row => row.GetString(0), ("$team", team.ToString("N")));
}
