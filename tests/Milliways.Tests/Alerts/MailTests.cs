using System.Globalization;
using System.Text;
using Milliways.Alerts;
using Milliways.Hosting.Configuration;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <summary>Mail over real sockets and real TLS.</summary>
public sealed class MailTests
{
    private static readonly Alert Sample = new("evt_0190a0b0c0d070008000000000000001", AlertTypes.CreditLow, "2025-01-01T00:00:00.000Z", "0190a0b0c0d070008000000000000001",
        new AlertData("Das Team Müller & Söhne hat 1.5 Dollar übrig.") { TeamName = "Müller & Söhne" });

    [Theory]
    [InlineData(SmtpTls.StartTls)]
    [InlineData(SmtpTls.Implicit)]
    internal async Task A_mail_goes_encrypted_and_signed_in_with_its_text_in_utf8(SmtpTls tls)
    {
        using var certificates = new Certificates();
        using var directory = new TempDirectory();
        await using var server = new FakeMailServer(certificates.Server("localhost"), tls == SmtpTls.Implicit);
        var smtp = Smtp(server, tls) with { CaFile = directory.Write("ca.pem", certificates.Pem) };
        Assert.Equal(DeliveryResult.Delivered, await Client().SendAsync(smtp, "ops@example.org", Sample, default));
        var mail = await server.NextAsync();
        Assert.Equal(("alerts@example.org", "ops@example.org", true, FakeMailServer.User), (mail.From, mail.To, mail.IsEncrypted, mail.User));
        using var read = await MimeKit.MimeMessage.LoadAsync(new MemoryStream(Encoding.UTF8.GetBytes(mail.Data)));
        Assert.Equal(("[Milliways] Credit low: Müller & Söhne", Sample.Id + "@example.org", DateTimeOffset.Parse(Sample.Created, CultureInfo.InvariantCulture)), (read.Subject, read.MessageId, read.Date));
        Assert.StartsWith(Sample.Data.Message, read.TextBody, StringComparison.Ordinal);
        Assert.Contains("Event: credit.low", read.TextBody, StringComparison.Ordinal);
        Assert.Equal("auto-generated", read.Headers["Auto-Submitted"]);
    }

    [Theory]
    [InlineData(SmtpTls.StartTls, "elsewhere", true)] // another name
    [InlineData(SmtpTls.Implicit, "elsewhere", true)]
    [InlineData(SmtpTls.StartTls, "localhost", false)] // an authority that nobody trusts here
    [InlineData(SmtpTls.Implicit, "localhost", false)]
    internal async Task A_server_whose_certificate_is_not_trusted_is_told_nothing(SmtpTls tls, string name, bool isOurAuthority)
    {
        using var certificates = new Certificates();
        using var others = new Certificates();
        using var directory = new TempDirectory();
        await using var server = new FakeMailServer(certificates.Server(name), tls == SmtpTls.Implicit);
        var smtp = Smtp(server, tls) with { CaFile = directory.Write("ca.pem", (isOurAuthority ? certificates : others).Pem) };
        var result = await Client().SendAsync(smtp, "ops@example.org", Sample, default);
        Assert.Equal((DeliveryKind.Failed, true), (result.Kind, result.Error!.Contains("certificate", StringComparison.Ordinal)));
        Assert.DoesNotContain(server.Heard, line => line.StartsWith("AUTH", StringComparison.Ordinal) || line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_without_starttls_gets_neither_password_nor_mail_where_encryption_is_asked_for()
    {
        await using var server = new FakeMailServer();
        var result = await Client().SendAsync(Smtp(server, SmtpTls.StartTls), "ops@example.org", Sample, default);
        Assert.Equal(DeliveryKind.Failed, result.Kind);
        Assert.DoesNotContain(server.Heard, line => line.StartsWith("AUTH", StringComparison.Ordinal) || line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_password_is_told_without_the_password_although_the_server_repeats_it()
    {
        await using var server = new FakeMailServer();
        var result = await Client().SendAsync(Smtp(server, SmtpTls.None) with { Password = "not-the-password-1234" }, "ops@example.org", Sample, default);
        Assert.Equal((DeliveryKind.Failed, "The mail server does not accept the user and password"), (result.Kind, result.Error));
    }

    [Fact]
    public async Task Owners_and_admins_of_the_team_are_told_each_by_a_mail_of_their_own_and_one_address_that_fails_keeps_nobody_else_waiting()
    {
        await using var mails = new FakeMailServer();
        mails.Unknown.Add("gone@example.org");
        await using var alerted = await Alerted.StartAsync(
            $$""", "smtp": { "host": "127.0.0.1", "port": {{mails.Port}}, "tls": "none", "from": "Alerts <alerts@example.org>", "to": ["gone@example.org", "ops@example.org"], "toMembers": true }""");
        foreach (var (email, role) in new[] { ("owner@example.org", Role.Owner), ("admin@example.org", Role.Admin), ("member@example.org", Role.Member), ("viewer@example.org", Role.Viewer), ("ops@example.org", Role.Owner) })
            alerted.Server.Service<MemberCommands>().Accept(alerted.Server.Service<MemberCommands>().Invite(OperatorActor.Instance, null, email, role).Token, null, null, "a long enough password");
        await alerted.GrantAsync(100 * Alerted.Dollar);
        await alerted.LimitAsync(null, soft: Alerted.Dollar, hard: null);
        await alerted.SpendAsync(2 * Alerted.Dollar);
        await alerted.ArriveAsync();
        Assert.Equal(["admin@example.org", "ops@example.org", "owner@example.org"], (await ThreeAsync()).Order(StringComparer.Ordinal));
        Assert.Equal(("mail:gone@example.org", "waiting"), await alerted.DeliveryAsync(one => one.Attempts == 1 && one.State == "waiting") is var failed ? (failed.Target, failed.State) : default);
        Assert.False(mails.HasMore);

        // What is the operator's affair is not the team's.
        await alerted.SpendAsync(Alerted.Dollar, cost: 2 * Alerted.Dollar);
        await alerted.ArriveAsync();
        var operators = await mails.NextAsync();
        Assert.Equal("ops@example.org", operators.To);
        Assert.Contains("Answers cost more than was held", operators.Data, StringComparison.Ordinal);
        Assert.Equal(["mail:gone@example.org", "mail:ops@example.org"], (await alerted.ListAsync()).Alerts[0].Deliveries.Select(one => one.Target).Where(target => target.StartsWith("mail:", StringComparison.Ordinal)));

        async Task<List<string>> ThreeAsync() => [(await mails.NextAsync()).To, (await mails.NextAsync()).To, (await mails.NextAsync()).To];
    }

    private static MailClient Client() => new(TimeProvider.System);

    private static SmtpConfig Smtp(FakeMailServer server, SmtpTls tls) => new("localhost", server.Port, tls) { User = FakeMailServer.User, Password = FakeMailServer.Password, From = "Alerts <alerts@example.org>" };
}
