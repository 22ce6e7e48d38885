using System.Text;
using Milliways.Alerts;
using Milliways.Upstreams;
using MimeKit;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads the section <c>alerts</c>.</summary>
/// <param name="reader">Fetches secrets from the environment and from files.</param>
internal sealed class AlertsReader(ConfigReader reader)
{
    private const string SecretPrefix = "whsec_";

    /// <summary>As Standard Webhooks has it, in bytes.</summary>
    private const int ShortestSecret = 24, LongestSecret = 64;

    private static readonly Dictionary<string, SmtpTls> Ways = new() { ["starttls"] = SmtpTls.StartTls, ["implicit"] = SmtpTls.Implicit, ["none"] = SmtpTls.None };

    public AlertsConfig Read(ConfigSection section)
    {
        var usual = new AlertsConfig();
        var low = section.Section("creditLow");
        var alerts = new AlertsConfig
        {
            Webhooks = [.. section.Sections("webhooks").Select(ReadWebhook).OfType<WebhookConfig>()],
            Smtp = section.Section("smtp") is { } smtp ? ReadSmtp(smtp) : null,
            CreditPercent = low?.Count("percent", 0, 100) ?? usual.CreditPercent,
            CreditBelow = low is null ? null : CreditsReader.Ticks(low, "below"),
            BudgetPercents = ReadPercents(section) ?? usual.BudgetPercents,
            Expiring = section.Duration("expiring"),
        };
        low?.Done();
        foreach (var twice in alerts.Webhooks.GroupBy(webhook => webhook.Url).Where(group => group.Count() > 1))
            section.Problem($"names {UpstreamAddress.Parse(twice.Key).Origin} twice with the same path: keep one", name: "webhooks");
        section.Done();
        return alerts;
    }

    private WebhookConfig? ReadWebhook(ConfigSection section)
    {
        string? off = null;
        var (url, text, events) = (section.Text("url"), section.Text("secret"), ReadEvents(section));
        if (text is null)
            section.Problem("needs a \"secret\" of its own, from which the receiver knows who sends: \"env:NAME\", \"file:PATH\" or \"whsec_...\"");
        var secret = text is null ? [] : ReadKey(section, reader.ReadSecret(section, "secret", text, ref off));
        section.Done();
        if (url is null || !UpstreamAddress.TryParse(url, out var address))
        {
            section.Problem("must be an http or https address, such as \"https://example.org/alerts\"", name: "url");
            return null;
        }
        if (address.Origin.Contains('@', StringComparison.Ordinal))
            section.Problem("must have no user and no password: the signature says who sends", name: "url");
        return new WebhookConfig(url) { Secret = secret, Events = events, OffBecause = off };
    }

    /// <summary><c>whsec_</c> and base64, as Standard Webhooks writes it, or any text, whose bytes are the key.</summary>
    private static byte[] ReadKey(ConfigSection section, string? text)
    {
        if (text is null)
            return [];
        var key = new byte[text.Length];
        if (!text.StartsWith(SecretPrefix, StringComparison.Ordinal))
            key = Encoding.UTF8.GetBytes(text);
        else if (Convert.TryFromBase64String(text[SecretPrefix.Length..], key, out var length))
            key = key[..length];
        else
        {
            section.Problem("has something behind whsec_ that is not base64: make one with echo whsec_$(openssl rand -base64 32)", name: "secret");
            return [];
        }
        if (key.Length is < ShortestSecret or > LongestSecret)
            section.Problem($"must have {ShortestSecret} to {LongestSecret} bytes: make one with echo whsec_$(openssl rand -base64 32)", name: "secret");
        return key;
    }

    private SmtpConfig ReadSmtp(ConfigSection section)
    {
        string? off = null;
        var (host, tls, user) = (section.Text("host"), section.Choice("tls", Ways) ?? SmtpTls.StartTls, section.Text("user"));
        var smtp = new SmtpConfig(host ?? "", section.Count("port", 1, 65535) ?? UsualPort(tls), tls)
        {
            User = user,
            Password = section.Text("password") is { } password ? reader.ReadSecret(section, "password", password, ref off) : null,
            From = section.Text("from") ?? "",
            To = [.. (section.Texts("to") ?? []).Select(AddressOf)],
            ToMembers = section.Flag("toMembers") ?? false,
            Events = ReadEvents(section),
            CaFile = section.Text("caFile"),
        };
        if (Uri.CheckHostName(smtp.Host) == UriHostNameType.Unknown)
            section.Problem("must be a name or an address, such as \"smtp.example.org\"", name: "host");
        if (user is null != !section.Has("password"))
            section.Problem("needs both \"user\" and \"password\", or neither");
        if (user is not null && tls == SmtpTls.None && !IsThisMachine(smtp.Host))
            section.Problem("would send the password in the clear: write \"starttls\" or \"implicit\"", name: "tls");
        CheckAddress(section, "from", smtp.From);
        foreach (var address in smtp.To)
            CheckAddress(section, "to", address);
        if (smtp.To.Count == 0 && !smtp.ToMembers)
            section.Problem("reaches nobody: give it \"to\": [\"ops@example.org\"] or \"toMembers\": true");
        if (smtp.CaFile is { } file)
            reader.CheckAuthorities(section, file, ref off);
        section.Done();
        return smtp with { OffBecause = off };
    }

    private static IReadOnlyList<string> ReadEvents(ConfigSection section)
    {
        var events = section.Texts("events") ?? [];
        foreach (var type in events.Where(type => !AlertTypes.All.Contains(type)))
            section.Problem($"\"{type}\" is no alert{NearestName.Hint(type, AlertTypes.All)}", name: "events");
        return events;
    }

    private static List<int>? ReadPercents(ConfigSection section)
    {
        if (section.Numbers("keyBudgetPercents") is not { } percents)
            return null;
        if (percents.Exists(percent => percent is < 1 or > 1000))
            section.Problem("must be whole numbers from 1 to 1000, such as [80, 100]", name: "keyBudgetPercents");
        return percents;
    }

    private static void CheckAddress(ConfigSection section, string name, string address)
    {
        if (!MailboxAddress.TryParse(address, out var parsed) || !parsed.Address.Contains('@', StringComparison.Ordinal))
            section.Problem($"\"{address}\" is no mail address such as \"alerts@example.org\"", name: name);
    }

    /// <summary>Without a name, so that nobody who is a member too gets two.</summary>
    private static string AddressOf(string text) => MailboxAddress.TryParse(text, out var parsed) ? parsed.Address : text;

    private static bool IsThisMachine(string host) => host == "localhost" || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));

    private static int UsualPort(SmtpTls tls) => tls switch { SmtpTls.StartTls => 587, SmtpTls.Implicit => 465, _ => 25 };
}
