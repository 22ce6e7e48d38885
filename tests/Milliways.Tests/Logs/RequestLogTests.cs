using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>Every exchange has its entry, and the entry says what happened. In a whole server.</summary>
public class RequestLogTests
{
    [Fact]
    public async Task A_whole_answer_has_an_entry_with_everything_that_is_known_of_it()
    {
        await using var logged = await Logged.StartAsync();
        var body = Answers.Ask("priced");
        var answer = await logged.Server.PostAsync(Logged.Chat + "?user=1", body, ("User-Agent", "tester/1"), ("x-milliways-tags", "blue,green"), ("x-grok-conv-id", "conv-7"));

        var entry = await logged.EntryAsync(answer);

        Assert.Equal(200, answer.Status);
        Assert.Equal('7', Guid.Parse(entry.Id).ToString("D")[14]);
        Assert.Equal((answer.Header("x-request-id"), entry.Id, logged.Server.Account, (string?)null), (entry.RequestId, entry.EventId, entry.Team, entry.Gateway));
        Assert.Equal(("lab", "priced", "lab/alpha", "lab", "chat", "http"), (entry.Provider, entry.ModelAsked, entry.Model, entry.Upstream, entry.ModelType, entry.RequestType));
        Assert.Equal(("POST", Logged.Chat, "application/json; charset=utf-8", "application/json"), (entry.Method, entry.Path, entry.RequestContentType, entry.ResponseContentType));
        Assert.Equal((200, true, false, 0, 1, "completed"), (entry.StatusCode, entry.Success, entry.Cached, entry.Step, entry.Attempts, entry.Ending));
        Assert.Equal((3, 1, "reported"), (entry.TokensIn, entry.TokensOut, entry.UsageSource));
        Assert.Equal((answer.Header("x-milliways-cost-ticks"), true, true, false, false), (entry.CostTicks.ToString(), entry.Wholesale, entry.Authentication, entry.Byok, entry.CustomCost));
        Assert.Equal((answer.Header("x-milliways-tags"), "conv-7", "tester/1"), (entry.Tags, entry.Session, entry.UserAgent));
        Assert.Equal((Encoding.UTF8.GetByteCount(body), Encoding.UTF8.GetByteCount(answer.Text)), (entry.RequestSize, entry.ResponseSize));
        Assert.Equal((null, null, null, null, false), (entry.Refused, entry.FailedParty, entry.FailedStage, entry.Error, entry.HasPayload));
        Assert.True(entry.FirstByte >= 0 && entry.Duration >= entry.FirstByte);
        Assert.NotNull(entry.KeyId);
    }

    [Fact]
    public async Task A_stream_has_an_entry_whose_size_is_what_was_sent()
    {
        await using var logged = await Logged.StartAsync();
        logged.Lab.Then(turn => turn.StreamAsync(Answers.ChatStream));
        var answer = await logged.AskAsync(stream: true);
        var entry = await logged.EntryAsync(answer);
        Assert.Equal((200, true, "text/event-stream", Encoding.UTF8.GetByteCount(answer.Text)), (entry.StatusCode, entry.Success, entry.ResponseContentType, entry.ResponseSize));
        Assert.Equal((3, 1), (entry.TokensIn, entry.TokensOut));
    }

    [Fact]
    public async Task What_is_refused_or_fails_has_an_entry_that_says_why()
    {
        await using var logged = await Logged.StartAsync();
        logged.Lab.Then(turn => turn.WholeAsync("""{"error":{"message":"out of order"}}""", 500));

        var broken = await logged.EntryAsync(await logged.AskAsync());
        var unknown = await logged.EntryAsync(await logged.AskAsync("nothing"));
        var unpriced = await logged.EntryAsync(await logged.AskAsync("lab/alpha"));
        var syntax = await logged.EntryAsync(await logged.Server.PostAsync(Logged.Chat, "{"));

        Assert.Equal((false, "upstream", 1, "lab"), (broken.Success, broken.FailedParty, broken.Attempts, broken.Upstream));
        Assert.Contains("out of order", broken.Error, StringComparison.Ordinal);
        Assert.Equal((404, false, "client", "refused", "nothing", 0), (unknown.StatusCode, unknown.Success, unknown.FailedParty, unknown.Ending, unknown.ModelAsked, unknown.Attempts));
        Assert.Equal((403, "credits", "price"), (unpriced.StatusCode, unpriced.Refused, unpriced.FailedStage));
        Assert.Equal((400, (string?)null), (syntax.StatusCode, syntax.ModelAsked));
    }

    [Fact]
    public async Task A_request_without_a_known_key_belongs_to_no_team_and_only_the_operator_sees_it()
    {
        await using var logged = await Logged.StartAsync();
        var answer = await logged.AskAsync(headers: ("Authorization", "Bearer sk-wrong-key-of-somebody"));
        var entry = await logged.EntryAsync(answer, team: "");
        Assert.Equal((answer.Status, "key", "", false), (entry.StatusCode, entry.Refused, entry.Team, entry.Authentication));
        Assert.Empty(await logged.Reader.FindAsync(logged.Server.Account, entry.RequestId));
        var commands = logged.Server.Service<LogCommands>();
        Assert.Single((await commands.ListAsync(OperatorActor.Instance, new LogsOf("none", [], 10, null, null))).Entries);
        var owner = new UserActor(Guid.NewGuid(), new Dictionary<Guid, Role> { [logged.Server.Server.Team.Id] = Role.Owner });
        await Assert.ThrowsAsync<CommandException>(() => commands.ListAsync(owner, new LogsOf("none", [], 10, null, null)));
    }

    [Fact]
    public async Task A_caller_that_leaves_and_a_stream_that_breaks_are_no_success() // DIS-04
    {
        await using var logged = await Logged.StartAsync();
        logged.Lab.Then(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"), "torn"));
        await using (var torn = await RawClient.ConnectAsync(logged.Server))
        {
            await torn.PostAsync(Logged.Chat, Answers.Ask("priced", stream: true));
            await torn.ClosedAsync();
        }
        var broken = Assert.Single(await logged.EntriesAsync(1));
        Assert.Equal((200, false, "upstream_failed", "upstream", "estimated"), (broken.StatusCode, broken.Success, broken.Ending, broken.FailedParty, broken.UsageSource));

        await using (var leaving = await RawClient.ConnectAsync(logged.Server))
        {
            logged.Lab.Then(turn => turn.ClosedAsync());
            await leaving.PostAsync(Logged.Chat, Answers.Ask("priced"));
            await logged.Lab.ArrivalAsync();
            await logged.Lab.ArrivalAsync();
        }
        var left = (await logged.EntriesAsync(2))[1];
        Assert.Equal((499, false, "client_gone"), (left.StatusCode, left.Success, left.Ending));
    }

    [Fact]
    public async Task The_gateway_of_a_request_is_in_its_entry()
    {
        await using var logged = await Logged.StartAsync();
        var entry = await logged.EntryAsync(await logged.Server.PostAsync(logged.Server.Gateway + "/compat/chat/completions", Answers.Ask("lab/alpha")));
        Assert.Equal(("default", true, 402), (entry.Gateway, entry.Compat, entry.StatusCode));
        var elsewhere = await logged.EntryAsync(await logged.Server.PostAsync($"/v1/{logged.Server.Account}/other/compat/chat/completions", Answers.Ask("lab/alpha")));
        Assert.Equal(((string?)null, 400), (elsewhere.Gateway, elsewhere.StatusCode)); // no gateway of the team's: nobody makes names in its log
    }

    [Fact]
    public async Task Tokens_and_cost_of_an_entry_are_those_of_the_usage_row_whole_streamed_cut_or_unreported()
    {
        await using var logged = await Logged.StartAsync();
        const string Cached = """{"id":"u","object":"chat.completion","created":1,"model":"alpha","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"completion_tokens":9,"total_tokens":39,"prompt_tokens_details":{"cached_tokens":20},"completion_tokens_details":{"reasoning_tokens":4}}}""";
        logged.Lab.Then(turn => turn.WholeAsync(Cached)).Then(turn => turn.StreamAsync(Answers.ChatStream)).Then(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("some words"), Answers.Finish, Answers.Done));
        await logged.AskAsync();
        await logged.AskAsync(stream: true);
        await logged.AskAsync(stream: true);
        logged.Lab.Then(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("some words more"), "torn"));
        await using (var torn = await RawClient.ConnectAsync(logged.Server))
        {
            await torn.PostAsync(Logged.Chat, Answers.Ask("priced", stream: true));
            await torn.ClosedAsync();
        }
        var entries = await logged.EntriesAsync(4);

        var charges = (await logged.Credits.StatementAsync(OperatorActor.Instance, logged.Server.Account, new Milliways.Credits.Books.StatementRange(null, null, 0, 100), ledger: false, CancellationToken.None))
            .Entries.Where(entry => entry.Kind == "charge").ToDictionary(entry => entry.RequestId!);

        Assert.Equal(4, charges.Count);
        foreach (var entry in entries)
        {
            var charge = charges[entry.RequestId];
            Assert.Equal((charge.InputTokens, charge.CachedTokens, charge.OutputTokens, charge.ReasoningTokens, -charge.AmountTicks, charge.UsageSource, charge.Ending),
                (entry.TokensIn, entry.TokensCached, entry.TokensOut, entry.TokensReasoning, entry.CostTicks, entry.UsageSource, entry.Ending));
            Assert.True(entry.CostTicks > 0);
        }
        Assert.Equal((30, 20, 9, 4), (entries[0].TokensIn, entries[0].TokensCached, entries[0].TokensOut, entries[0].TokensReasoning));
        Assert.Equal(["reported", "reported", "estimated", "estimated"], entries.Select(entry => entry.UsageSource));
    }

    [Fact]
    public async Task A_deferred_completion_is_logged_once_it_is_done()
    {
        await using var logged = await Logged.StartAsync("""{ "payloads": "full" }""");
        var accepted = await logged.Server.PostAsync(Logged.Chat, Answers.Ask("priced", more: ",\"deferred\":true"));
        var entry = await logged.EntryAsync(accepted);
        Assert.Equal((true, 3, Logged.Chat), (entry.Success, entry.TokensIn, entry.Path));
        var payload = await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id);
        Assert.Contains("\"Hi\"", Encoding.UTF8.GetString(payload!.ResponseBody), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gates_say_what_is_collected_and_add_what_they_know_and_a_failed_step_has_an_entry_of_its_own()
    {
        await using var logged = await Logged.StartAsync(more: services => services.AddSingleton<IGate, Filling>());
        await logged.AskAsync(headers: ("x-test", "off"));
        var step = await logged.EntryAsync(await logged.AskAsync(headers: ("x-test", "step")));

        Assert.Equal((1, "event-7", true, true, false, "s-1", 77L, true, "openai"), (step.Step, step.EventId, step.Byok, step.CustomCost, step.Wholesale, step.Session, step.CostTicks, step.Success, step.Provider));
        Assert.Equal("""{"user":"u1","paid":true,"n":1.50}""", step.Metadata);
        var entries = await logged.EntriesAsync(2);
        Assert.Equal(2, entries.Count);
        var failed = Assert.Single(entries, entry => entry.Step == 0);
        Assert.Equal((step.RequestId, "anthropic/claude-x", 502, false, 0L, (long?)null, "upstream", 12L), (failed.RequestId, failed.Model, failed.StatusCode, failed.Success, failed.TokensIn, failed.CostTicks, failed.FailedParty, failed.Duration));
        Assert.NotEqual(step.Id, failed.Id);
        Assert.Equal([step.Id, failed.Id], (await logged.Reader.FindAsync(logged.Server.Account, step.RequestId)).Select(entry => entry.Id));
    }

    [Fact]
    public async Task Without_governance_nothing_is_logged_and_no_file_is_made()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(200, (await server.PostAsync(Logged.Chat, Answers.Ask())).Status);
        Assert.Null(server.Server.Services.GetService<IExchangeLogs>());
        Assert.Empty(Directory.GetFiles(server.Data, "logs.db*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("""{"a":"x","b":2,"c":true,"d":1.50}""", """{"a":"x","b":2,"c":true,"d":1.50}""")]
    [InlineData("""{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}""", """{"a":1,"b":2,"c":3,"d":4,"e":5}""")]
    [InlineData("""{"cf.a":1,"b":2}""", """{"b":2}""")]
    [InlineData("""{"a":1,"a":2}""", """{"a":1}""")]
    [InlineData("""{"a":null,"b":1}""", null)]
    [InlineData("""{"a":{"b":1}}""", null)]
    [InlineData("[1]", null)]
    [InlineData("{", null)]
    [InlineData("""{"a":"\ud800"}""", null)]
    public void Metadata_has_five_plain_entries_or_none(string text, string? kept) => Assert.Equal(kept, LogMetadata.Parse(text)?.Json);

    /// <summary>A gate in the place where the gateway's stands.</summary>
    private sealed class Filling(TimeProvider time) : IGate
    {
        public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
        {
            var log = exchange.Log!;
            if (exchange.Http.Request.Headers["x-test"] == "off")
                log.Collect = false;
            if (exchange.Http.Request.Headers["x-test"] == "step")
            {
                (log.Step, log.EventId, log.Byok, log.CustomCost, log.Cost, log.Wholesale, log.Session, log.Provider) = (1, "event-7", true, true, 77, false, "s-1", "openai");
                log.Metadata = LogMetadata.Parse("""{"user":"u1","paid":true,"n":1.50}""");
                log.Failed(new LogStep(Guid.CreateVersion7(), time.GetUtcNow(), 0, "anthropic", "claude-x", "claude", 502, TimeSpan.FromMilliseconds(12), Failure.Broken("headers", "It broke.")));
            }
            return ValueTask.FromResult(Admission.Free);
        }
    }
}

public sealed class RequestLogsOnPostgresTests : RequestLogTests
{
    public RequestLogsOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
