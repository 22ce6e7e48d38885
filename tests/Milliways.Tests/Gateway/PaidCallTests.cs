using Milliways.Credits;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Support;
using Milliways.Tests.Gateway.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Who pays a provider: the caller's and the team's keys cost nothing here, the operator's is charged to credits or not used (cloudflare 3.8).</summary>
public sealed class PaidCallTests
{
    private const string Answer = """{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}}""";

    private static Task<TestServer> StartAsync(FakeUpstream upstream, string prices = """ "priced": { "input": "5", "output": "15" } """) => TestServer.StartAsync(
        $$"""{ "upstreams": { "oa": { "dialect": "openai-chat", "provider": "openai", "baseUrl": "{{upstream.Url}}/v1", "apiKey": "sk-operator", "prices": { {{prices}} } } } }""", governance: true);

    private static async Task<long> BalanceAsync(TestServer server) => (await server.Service<CreditCommands>().ShowAsync(OperatorActor.Instance, server.Account, CancellationToken.None)).BalanceTicks;

    [Fact]
    public async Task A_call_with_the_operators_key_is_charged_and_its_bytes_stay_as_they_are()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answer));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced", more: ",\"max_tokens\":20"));
        Assert.Equal((200, Answer, "1100000"), (answer.Status, answer.Text, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal(Answers.Ask("priced", more: ",\"max_tokens\":20"), upstream.Last.Text);
        Assert.Equal(1_100_000, before - await BalanceAsync(server));
    }

    [Fact]
    public async Task A_stream_on_credit_is_asked_for_its_usage_which_a_caller_who_did_not_ask_does_not_see()
    {
        await using var upstream = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await StartAsync(upstream);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced", stream: true, more: ",\"max_tokens\":20"));
        Assert.Equal(string.Concat(Answers.ChatStream.Where(frame => frame != Answers.Usage)), answer.Text);
        Assert.Contains("include_usage", upstream.Last.Text, StringComparison.Ordinal);
        var asked = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced", stream: true, more: ",\"max_tokens\":20,\"stream_options\":{\"include_usage\":true}"));
        Assert.Equal(string.Concat(Answers.ChatStream), asked.Text);
    }

    [Fact]
    public async Task The_callers_and_the_teams_keys_cost_nothing_here_priced_or_not()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answer));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        foreach (var model in new[] { "priced", "unpriced" })
            foreach (var path in new[] { "/openai/chat/completions", "/compat/chat/completions" })
            {
                var own = await server.PostAsync(server.Gateway + path, Answers.Ask(path.Contains("compat", StringComparison.Ordinal) ? "openai/" + model : model), [.. server.Own(), ("cf-aig-custom-cost", """{"total_cost":9}""")]);
                Assert.Equal((200, null), (own.Status, own.Header("x-milliways-cost-ticks")));
                Assert.Equal("Bearer sk-caller", upstream.Last.Header("Authorization"));
            }
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/openai/audio/speech", "{}", server.Own())).Status);
        server.Service<GatewayCommands>().AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", null, null, "sk-team"));
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("unpriced"))).Status);
        Assert.Equal("Bearer sk-team", upstream.Last.Header("Authorization"));
        Assert.Equal(before, await BalanceAsync(server));
    }

    [Fact]
    public async Task A_price_that_a_caller_names_changes_no_charge()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answer));
        await using var server = await StartAsync(upstream);
        foreach (var cost in new[] { """{"total_cost":0}""", """{"per_token_in":0,"per_token_out":0}""", """{"total_cost":1000}""" })
            Assert.Equal("1100000", (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced", more: ",\"max_tokens\":20"), ("cf-aig-custom-cost", cost))).Header("x-milliways-cost-ticks"));
    }

    [Theory]
    [InlineData("POST", "chat/completions", """{"model":"unpriced","messages":[]}""")]
    [InlineData("POST", "audio/speech", """{"model":"priced"}""")]
    [InlineData("POST", "files", "{}")]
    [InlineData("POST", "batches", "{}")]
    [InlineData("GET", "files", null)]
    [InlineData("GET", "responses/resp_1", null)]
    [InlineData("DELETE", "files/1", null)]
    [InlineData("GET", "modelsx", null)]
    public async Task What_nobody_has_a_price_for_is_not_done_with_the_operators_key(string method, string rest, string? body)
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await StartAsync(upstream);
        var answer = await server.SendAsync(method, $"{server.Gateway}/openai/{rest}", body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal((402, 2021), answer.Error());
        Assert.Equal("credits", answer.Header("x-milliways-refused"));
        Assert.Empty(upstream.Received);
    }

    [Fact]
    public async Task Lists_of_models_are_free_and_an_upstream_that_costs_nothing_takes_what_is_posted()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("""{"data":[]}"""));
        await using var server = await StartAsync(upstream, """ "*": { "input": "0", "output": "0" } """);
        Assert.Equal(200, (await server.GetAsync(server.Gateway + "/openai/models")).Status);
        Assert.Equal(200, (await server.GetAsync(server.Gateway + "/openai/v1/models/gpt")).Status);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/openai/audio/speech", "{}")).Status);
        Assert.Equal((402, 2021), (await server.GetAsync(server.Gateway + "/openai/files")).Error()); // what others have made there
    }

    [Fact]
    public async Task On_credit_an_answer_that_is_none_is_refused_and_not_charged()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("<html>hello</html>", contentType: "text/html"));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        Assert.Equal((502, 2005), (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced", more: ",\"max_tokens\":20"))).Error());
        Assert.Equal(before, await BalanceAsync(server));
        Assert.Equal("<html>hello</html>", (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("priced"), server.Own())).Text);
    }

    [Fact]
    public async Task A_key_that_nobody_looks_at_pays_for_nothing()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answer));
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "own": { "dialect": "openai-chat", "baseUrl": "{{upstream.Url}}/v1", "prices": { "priced": { "input": "5", "output": "15" } } } } }""", governance: true);
        foreach (var (path, model) in new[] { ("/own/chat/completions", "priced"), ("/compat/chat/completions", "own/priced") })
            Assert.Equal("1100000", (await server.PostAsync(server.Gateway + path, Answers.Ask(model, more: ",\"max_tokens\":20"), server.Own())).Header("x-milliways-cost-ticks"));
        Assert.Equal((402, 2021), (await server.PostAsync(server.Gateway + "/own/load", "{}", server.Own())).Error());
        Assert.All(upstream.Received, received => Assert.Null(received.Header("Authorization")));
    }

    [Fact]
    public async Task On_the_operators_account_files_are_the_teams_own_and_projects_the_operators()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "x": { "preset": "xai", "baseUrl": "{{upstream.Url}}/v1", "apiKey": "k", "headers": { "x-team": "operator" } } } }""");
        const string Pointing = """{"model":"grok-4","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file-theirs"}}]}]}""";
        Assert.Equal(404, (await server.PostAsync(server.Gateway + "/grok/v1/messages", Pointing)).Status);
        Assert.Empty(upstream.Received);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/grok/v1/messages", Pointing, server.Own())).Status);
        await server.PostAsync(server.Gateway + "/grok/v1/messages", Answers.Say("grok-4"), ("OpenAI-Project", "p"), ("x-team", "caller"), ("x-else", "e"));
        Assert.Equal((null, "operator", "e"), (upstream.Last.Header("OpenAI-Project"), upstream.Last.Header("x-team"), upstream.Last.Header("x-else")));
    }

    [Fact]
    public async Task Without_credit_the_operators_key_is_not_used_and_the_callers_still_is()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Answer));
        await using var server = await TestServer.StartAsync(
            $$"""{ "credits": { "monthlyGrant": null }, "upstreams": { "oa": { "dialect": "openai-chat", "provider": "openai", "baseUrl": "{{upstream.Url}}/v1", "apiKey": "k", "prices": { "*": { "input": "5", "output": "15" } } } } }""", governance: true);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"));
        Assert.Equal((402, 2021), answer.Error());
        Assert.Equal("false", answer.Header("x-should-retry"));
        Assert.Empty(upstream.Received);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"), server.Own())).Status);
    }
}
