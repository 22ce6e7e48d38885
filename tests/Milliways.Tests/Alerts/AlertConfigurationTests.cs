using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Alerts;
using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <summary>What the operator writes, what is wrong with it, and who sees its secrets.</summary>
public sealed class AlertConfigurationTests
{
    private static (AlertsConfig? Alerts, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings) Read(string alerts)
    {
        var reader = new ConfigReader("m.json", name => name == "HOOK" ? AlertReceiver.Secret : null, _ => throw new FileNotFoundException());
        var config = reader.Read(Encoding.UTF8.GetBytes($$"""{ "alerts": {{alerts}} }"""));
        return (config.Alerts, [.. reader.Problems.Select(problem => problem.ToString())], config.Warnings);
    }

    [Fact]
    public void Everything_that_can_be_written_is_read()
    {
        var (alerts, problems, warnings) = Read("""
            { "webhooks": [ { "url": "https://10.0.0.7/x", "secret": "env:HOOK", "events": ["credit.low", "operator.overrun"] } ],
              "smtp": { "host": "smtp.example.org", "port": 2525, "tls": "implicit", "user": "u", "password": "p", "from": "a@example.org", "to": ["B <b@example.org>"], "toMembers": true, "events": ["credit.low"] },
              "creditLow": { "percent": 20, "below": "5.00" }, "keyBudgetPercents": [50, 90], "expiring": "3d" }
            """);
        Assert.Empty(problems);
        Assert.Empty(warnings);
        var webhook = Assert.Single(alerts!.Webhooks);
        Assert.Equal(("https://10.0.0.7/x", 24, null), (webhook.Url, webhook.Secret.Length, webhook.OffBecause));
        Assert.Equal(["credit.low", "operator.overrun"], webhook.Events);
        Assert.Equal(("smtp.example.org", 2525, SmtpTls.Implicit, "u", "p", true), (alerts.Smtp!.Host, alerts.Smtp.Port, alerts.Smtp.Tls, alerts.Smtp.User, alerts.Smtp.Password, alerts.Smtp.ToMembers));
        Assert.Equal((20, 5 * Milliways.Credits.Money.TicksPerDollar, TimeSpan.FromDays(3)), (alerts.CreditPercent, alerts.CreditBelow, alerts.Expiring));
        Assert.Equal(["b@example.org"], alerts.Smtp.To);
        Assert.Equal([50, 90], alerts.BudgetPercents);
        Assert.Equal((10, null, null), Read("{}").Alerts is { } usual ? (usual.CreditPercent, usual.CreditBelow, usual.Expiring) : default);
    }

    [Theory]
    [InlineData("""{ "webhooks": [ { "url": "https://h/x" } ] }""", "alerts.webhooks[0]: needs a \"secret\"")]
    [InlineData("""{ "webhooks": [ { "url": "https://h/x", "secret": "short" } ] }""", "alerts.webhooks[0].secret: must have 24 to 64 bytes")]
    [InlineData("""{ "webhooks": [ { "url": "https://h/x", "secret": "whsec_???" } ] }""", "alerts.webhooks[0].secret: has something behind whsec_ that is not base64")]
    [InlineData("""{ "webhooks": [ { "url": "ftp://h/x", "secret": "env:HOOK" } ] }""", "alerts.webhooks[0].url: must be an http or https address")]
    [InlineData("""{ "webhooks": [ { "url": "https://u:p@h/x", "secret": "env:HOOK" } ] }""", "alerts.webhooks[0].url: must have no user and no password")]
    [InlineData("""{ "webhooks": [ { "url": "https://h/x", "secret": "env:HOOK", "events": ["credit.lo"] } ] }""", "\"credit.lo\" is no alert; did you mean \"credit.low\"?")]
    [InlineData("""{ "webhooks": [ { "url": "https://h/x", "secret": "env:HOOK" }, { "url": "https://h/x", "secret": "env:HOOK" } ] }""", "alerts.webhooks: names https://h twice")]
    [InlineData("""{ "smtp": { "host": "h", "from": "a@e.org" } }""", "alerts.smtp: reaches nobody")]
    [InlineData("""{ "smtp": { "host": "h", "from": "nobody", "to": ["b@e.org"] } }""", "alerts.smtp.from: \"nobody\" is no mail address")]
    [InlineData("""{ "smtp": { "host": "h", "from": "a@e.org", "to": ["b"] } }""", "alerts.smtp.to: \"b\" is no mail address")]
    [InlineData("""{ "smtp": { "from": "a@e.org", "to": ["b@e.org"] } }""", "alerts.smtp.host: must be a name or an address")]
    [InlineData("""{ "smtp": { "host": "h", "from": "a@e.org", "to": ["b@e.org"], "user": "u" } }""", "alerts.smtp: needs both \"user\" and \"password\"")]
    [InlineData("""{ "smtp": { "host": "h", "tls": "none", "from": "a@e.org", "to": ["b@e.org"], "user": "u", "password": "p" } }""", "alerts.smtp.tls: would send the password in the clear")]
    [InlineData("""{ "smtp": { "host": "h", "tls": "ssl", "from": "a@e.org", "to": ["b@e.org"] } }""", "alerts.smtp.tls: \"ssl\" is not one of starttls, implicit, none")]
    [InlineData("""{ "keyBudgetPercents": [0] }""", "alerts.keyBudgetPercents: must be whole numbers from 1 to 1000")]
    [InlineData("""{ "keyBudgetPercents": ["80"] }""", "alerts.keyBudgetPercents: must be a list of whole numbers")]
    [InlineData("""{ "creditLow": { "percent": 101 } }""", "alerts.creditLow.percent: must be a whole number from 0 to 100")]
    [InlineData("""{ "creditLow": { "under": "5" } }""", "alerts.creditLow.under: is not known here")]
    [InlineData("""{ "mail": {} }""", "alerts.mail: is not known here")]
    public void What_is_wrong_is_told_with_its_place_and_remedy(string alerts, string problem)
    {
        var told = Assert.Single(Read(alerts).Problems);
        Assert.StartsWith("m.json:1: ", told, StringComparison.Ordinal);
        Assert.Contains(problem, told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_cannot_be_read_switches_its_target_off_with_a_warning_and_nothing_else()
    {
        var (alerts, problems, warnings) = Read("""{ "webhooks": [ { "url": "https://h/x", "secret": "env:NOT_SET" } ], "smtp": { "host": "h", "from": "a@e.org", "to": ["b@e.org"], "user": "u", "password": "file:/not/there" } }""");
        Assert.Empty(problems);
        Assert.Equal(["alerts.webhooks[0] is switched off: the environment variable NOT_SET of its secret is not set", "alerts.smtp is switched off: the file /not/there of its password cannot be read"], warnings);
        Assert.NotNull(alerts!.Webhooks[0].OffBecause);
        Assert.NotNull(alerts.Smtp!.OffBecause);
    }

    [Fact]
    public async Task Secrets_of_targets_are_in_no_log_no_list_no_database_and_a_test_by_the_command_line_reaches_every_target()
    {
        const string hookSecret = "a-webhook-secret-of-32-characters";
        await using var mails = new FakeMailServer();
        await using var receiver = await AlertReceiver.StartAsync();
        var log = new EveryLine();
        var environment = new Dictionary<string, string> { ["HOOK"] = hookSecret, ["MAIL"] = "a-wrong-mail-password-of-the-operator" };
        await using var server = await TestServer.StartAsync(
            $$"""
            { "alerts": { "webhooks": [ { "url": "{{receiver.Url}}", "secret": "env:HOOK" }, { "url": "http://127.0.0.1:9/hidden-path-of-a-webhook", "secret": "env:HOOK" } ],
                          "smtp": { "host": "127.0.0.1", "port": {{mails.Port}}, "tls": "none", "user": "alerts", "password": "env:MAIL", "from": "a@example.org", "to": ["ops@example.org"] } } }
            """, environment: environment, governance: true, more: services => services.AddSingleton<ILoggerProvider>(log));
        async Task<string> AskAsync(string name, string request) => Encoding.UTF8.GetString(await AdminDoor.AskAsync(Path.Combine(server.Data, "data"), name, Encoding.UTF8.GetBytes(request)));

        var report = JsonDocument.Parse(await AskAsync("alerts test", "{}")).RootElement;
        Assert.Equal((false, 3), (report.GetProperty("ok").GetBoolean(), report.GetProperty("results").GetArrayLength()));
        Assert.Equal([true, false, false], report.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("ok").GetBoolean()));
        Assert.Equal("alert.test", Assert.Single(receiver.Received).Type);
        // One that is kept, and fails too.
        await server.Service<AlertDesk>().TellAsync([new Sighting(AlertTypes.CreditLow, server.Server.Team.Id, "one", new AlertData("low"))]);
        string list;
        do
            list = await AskAsync("alerts list", "{}");
        while (JsonDocument.Parse(list).RootElement.GetProperty("alerts")[0].GetProperty("deliveries").EnumerateArray().Any(delivery => delivery.GetProperty("attempts").GetInt32() == 0));

        foreach (var secret in new[] { hookSecret, environment["MAIL"], "hidden-path-of-a-webhook", "secret-in-the-path" })
        {
            Assert.Equal(secret.Contains("-path", StringComparison.Ordinal) ? ["milliways.json"] : [], await StoredFiles.WithAsync(server.Data, secret));
            Assert.DoesNotContain(secret, log.Text + list + report, StringComparison.Ordinal);
        }
        Assert.Contains("trying again", log.Text, StringComparison.Ordinal);
    }
}
