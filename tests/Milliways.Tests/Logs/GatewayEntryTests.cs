using Milliways.Gateway.Settings;
using Milliways.Hosting.Configuration;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>What the log has of requests on a gateway's address.</summary>
public sealed class GatewayEntryTests
{
    [Fact]
    public async Task Each_step_that_was_tried_has_an_entry_and_the_ids_of_the_answer_find_them()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        provider.Then(turn => turn.WholeAsync("""{"error":"down"}""", 500));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var answer = await server.PostAsync(server.Gateway, $"[{Step("openai", "a")}, {Step("groq", "b")}]",
            ("cf-aig-authorization", "Bearer " + server.Key), ("Authorization", ""), ("cf-aig-metadata", """{"user":"u-1"}"""), ("cf-aig-event-id", "e-1"), ("cf-aig-custom-cost", """{"total_cost":0.25}"""));
        Assert.Equal((200, "1"), (answer.Status, answer.Header("cf-aig-step")));

        var entries = await Logged.UntilAsync(() => server.Service<LogReader>().FindAsync(server.Account, answer.Header("x-request-id")!), entries => entries.Count == 2);
        var (failed, answered) = (Assert.Single(entries, entry => entry.Step == 0), Assert.Single(entries, entry => entry.Step == 1));
        Assert.Equal(answer.Header("cf-aig-log-id"), answered.Id);
        Assert.Equal((200, true, "default", "groq", "e-1", true, false, true, 2_500_000_000L),
            (answered.StatusCode, answered.Success, answered.Gateway, answered.Provider, answered.EventId, answered.Byok, answered.Wholesale, answered.CustomCost, answered.CostTicks));
        Assert.Equal("""{"user":"u-1"}""", answered.Metadata);
        Assert.Equal((false, "openai", "a"), (failed.Success, failed.Provider, failed.ModelAsked));
    }

    [Fact]
    public async Task Of_six_entries_of_metadata_five_are_kept()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"),
            [.. server.Own(), ("cf-aig-metadata", """{"a":"1","b":2,"c":true,"d":"4","e":"5","f":"6"}""")]);
        Assert.Equal(200, answer.Status);
        var reader = server.Service<LogReader>();
        var entry = (await Logged.UntilAsync(() => reader.FindAsync(server.Account, answer.Header("x-request-id")!), entries => entries.Count > 0))[0];
        Assert.Equal("""{"a":"1","b":2,"c":true,"d":"4","e":"5"}""", entry.Metadata);
        foreach (var (key, there) in new[] { ("a", 1), ("e", 1), ("f", 0) })
            Assert.Equal(there, (await reader.ListAsync(new LogQuery(server.Account, [LogFilter.Read(new FilterText("metadata.key", "eq", [key]))]))).Count);
    }

    [Fact]
    public async Task What_a_gateways_own_limit_refuses_has_an_entry_whose_id_is_in_the_answer()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RateLimitingLimit = 1, RateLimitingInterval = 60 });
        Task<Answer> AskAsync() => server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"), server.Own());
        var (good, refused) = (await AskAsync(), await AskAsync());
        Assert.Equal(200, good.Status);
        Assert.Equal((429, 2003), refused.Error());
        var entry = (await Logged.UntilAsync(() => server.Service<LogReader>().FindAsync(server.Account, refused.Header("cf-aig-log-id")!), entries => entries.Count > 0))[0];
        Assert.Equal((429, false, "limit", "refused", "default", 0), (entry.StatusCode, entry.Success, entry.Refused, entry.Ending, entry.Gateway, entry.Attempts));
    }

    [Fact]
    public async Task Compats_list_of_models_and_a_socket_itself_have_entries_as_everything_on_a_gateways_address()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var models = await server.GetAsync(server.Gateway + "/compat/models");
        Assert.Equal(200, models.Status);
        var reader = server.Service<LogReader>();
        var entry = (await Logged.UntilAsync(() => reader.FindAsync(server.Account, models.Header("cf-aig-log-id")!), entries => entries.Count > 0))[0];
        Assert.Equal(("GET", "milliways/models", true, 200), (entry.Method, entry.Model, entry.Compat, entry.StatusCode));
        Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
        await using (var socket = await TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", "Bearer " + server.Key)))
            await socket.CloseAsync();
        var all = await Logged.UntilAsync(() => reader.ListAsync(new LogQuery(server.Account, [])), entries => entries.Count > 1);
        Assert.Equal([("GET", server.Gateway), ("GET", server.Gateway + "/compat/models")], all.Select(one => (one.Method, one.Path)));
    }

    [Fact]
    public async Task Who_does_not_want_an_entry_has_none()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var unwanted = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"), [.. server.Own(), ("cf-aig-collect-log", "false")]);
        var wanted = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"), [.. server.Own(), ("cf-aig-collect-log-payload", "true")]);
        Assert.Equal((200, 200), (unwanted.Status, wanted.Status));

        var entry = Assert.Single(await Logged.UntilAsync(() => server.Service<LogReader>().ListAsync(new LogQuery(server.Account, []) { Limit = 10 }), entries => entries.Count > 0));
        Assert.Equal((wanted.Header("x-request-id"), true, "http"), (entry.RequestId, entry.HasPayload, entry.RequestType));
        Assert.Null(unwanted.Header("cf-aig-log-id"));
    }

    [Fact]
    public async Task An_operator_who_wants_no_entries_has_none_whatever_the_caller_says()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var config = server.Service<ConfigState>();
        var usual = config.InEffect;
        config.Take(usual with { Logs = usual.Logs with { Collect = false } });
        var unwanted = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"), [.. server.Own(), ("cf-aig-collect-log", "true"), ("cf-aig-collect-log-payload", "true")]);
        config.Take(usual);
        var wanted = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("a"), [.. server.Own()]);
        Assert.Equal((200, 200), (unwanted.Status, wanted.Status));

        var entry = Assert.Single(await Logged.UntilAsync(() => server.Service<LogReader>().ListAsync(new LogQuery(server.Account, []) { Limit = 10 }), entries => entries.Count > 0));
        Assert.Equal(wanted.Header("x-request-id"), entry.RequestId);
        Assert.Null(unwanted.Header("cf-aig-log-id"));
        Assert.NotNull(wanted.Header("cf-aig-log-id"));
    }

    private static string Step(string provider, string model) =>
        $$"""{"provider":"{{provider}}","endpoint":"chat/completions","headers":{"Authorization":"Bearer sk-step"},"query":{{Answers.Ask(model)}}}""";
}
