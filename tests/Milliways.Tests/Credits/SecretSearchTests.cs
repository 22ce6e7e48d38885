using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>What money's books and everything around them keep, and whom they tell it.</summary>
public partial class SecretSearchTests
{
    [Fact]
    public async Task After_charges_failures_cuts_and_refusals_no_key_of_a_caller_or_a_provider_is_in_the_journal_the_books_the_log_or_a_statement()
    {
        await using var lab = new FakeUpstream(Crowds.AnswerAsync);
        var log = new EveryLine();
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} },
              "models": { "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } },
              "limits": { "perKey": { "requestsPerMinute": 30 } } }
            """, more: services => services.AddSingleton<ILoggerProvider>(log), governance: true);
        var answers = new StringBuilder();
        for (var i = 0; i < 60; i++)
            if (i % Crowds.Kinds is Crowds.Cut or Crowds.LeavesLate)
                await Crowds.LeaveAsync(server, i % Crowds.Kinds);
            else if (i % Crowds.Kinds != Crowds.LeavesEarly)
            {
                var (path, body) = Crowds.Request(i % 7 == 0 ? "unpriced" : "output-only", i % (Crowds.Fails + 1));
                var answer = await server.PostAsync(path, body);
                answers.AppendLine(answer.Message.ToString()).AppendLine(answer.Text);
            }
        foreach (var path in new[] { "/v1/dashboard/billing/subscription", "/v1/dashboard/billing/usage", "/v1/dashboard/billing/credit_grants", "/v1/api-key" })
            answers.Append((await server.GetAsync(path)).Text);
        var statement = await server.Service<CreditCommands>().StatementAsync(OperatorActor.Instance, null, new StatementRange(null, null, 0, 1000), ledger: true, CancellationToken.None);
        Assert.Contains(statement.Entries, entry => entry.Kind == "charge");
        Assert.True(new FileInfo(Path.Combine(server.Data, "data", "charges.journal")).Length > 0);

        if (TestServer.On.Value == Backend.Postgres)
        {
            using var database = server.OpenLedger();
            Assert.Contains("entries", StoredTables.With(database, server.Account)); // it finds what is there
            foreach (var secret in (string[])[server.Key, TestServer.UpstreamKey])
                Assert.Empty(StoredTables.With(database, secret[(secret.Length / 4)..(secret.Length * 3 / 4)]));
        }
        foreach (var secret in (string[])[server.Key, TestServer.UpstreamKey])
        {
            // The middle of it, so that a shortened form counts too.
            var part = secret[(secret.Length / 4)..(secret.Length * 3 / 4)];
            Assert.Equal(secret == TestServer.UpstreamKey ? ["milliways.json"] : [], await StoredFiles.WithAsync(server.Data, part));
            Assert.DoesNotContain(part, log.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(part, answers.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(part, System.Text.Json.JsonSerializer.Serialize(statement, CreditsJson.Default.Statement), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_teams_key_sees_its_own_credit_only_and_is_answered_at_our_gateway_as_at_one_that_is_not_there()
    {
        await using var credited = await Credited.StartAsync(7 * Money.TicksPerDollar);
        var foreign = credited.Server.OtherTeamsKey();
        var unknown = foreign[..^6] + (foreign.EndsWith('a') ? "bbbbbb" : "aaaaaa");
        Assert.Contains("7", (await credited.Server.GetAsync("/v1/dashboard/billing/credit_grants")).Text, StringComparison.Ordinal);
        var others = (await credited.Server.GetAsync("/v1/dashboard/billing/credit_grants", ("Authorization", "Bearer " + foreign))).Json;
        Assert.Equal((0, 0), (others.GetProperty("total_granted").GetDecimal(), others.GetProperty("grants").GetProperty("data").GetArrayLength()));

        // Neither a key of another team nor one that nobody knows learns whether there is such a team.
        foreach (var key in new[] { foreign, unknown })
            foreach (var path in new[] { "/default/compat/chat/completions", "/default/lab/chat/completions", "/default/lab/v1/messages", "/nothing/compat/chat/completions" })
            {
                var (ours, nobodys) = (await AskAsync(credited.Server.Account, path, key), await AskAsync(new string('f', 32), path, key));
                Assert.True(ours.Status is 400 or 401 or 403 or 404, ours.Text);
                Assert.Equal((nobodys.Status, Anonymous(nobodys.Text)), (ours.Status, Anonymous(ours.Text)));
                Assert.Equal(nobodys.Message.Headers.Select(header => header.Key).Order(StringComparer.Ordinal), ours.Message.Headers.Select(header => header.Key).Order(StringComparer.Ordinal));
            }
        Assert.Empty(credited.Lab.Received);

        Task<Answer> AskAsync(string account, string path, string key) =>
            credited.Server.PostAsync($"/v1/{account}{path}", Answers.Ask("priced"), ("Authorization", "Bearer " + key));
    }

    /// <summary>Without what differs from one request to the next: its id, the shortened key, and the account that it asked for.</summary>
    private static string Anonymous(string text) => Own().Replace(text, "");

    [GeneratedRegex("req_[0-9a-f]+|[0-9a-f]{32}")]
    private static partial Regex Own();
}

/// <summary>The same with the books, the answers and the log in PostgreSQL: no row of any table has one either.</summary>
public sealed class SecretSearchOnPostgresTests : SecretSearchTests
{
    public SecretSearchOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
