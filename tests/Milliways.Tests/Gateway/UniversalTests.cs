using System.Text.Json;
using Milliways.Gateway.Settings;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Credits;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Limits;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>The universal endpoint: steps that stand for each other in one request (cloudflare 1.8).</summary>
public sealed class UniversalTests
{
    private const string Openai = "api.openai.com/v1/", Groq = "api.groq.com/openai/v1/";

    private static string Step(string provider, string query, string endpoint = "chat/completions", string headers = """{"Authorization":"Bearer sk-step"}""", string more = "") =>
        $$"""{"provider":"{{provider}}","endpoint":"{{endpoint}}","headers":{{headers}},"query":{{query}}{{more}}}""";

    private static (string, string)[] Token(TestServer server) => [("cf-aig-authorization", "Bearer " + server.Key), ("Authorization", "")];

    private static Task FailAsync(UpstreamTurn turn) => turn.WholeAsync("""{"error":"down"}""", 500);

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public async Task The_first_step_that_answers_is_handed_on_raw_with_its_number(string slash)
    {
        const string answered = """{ "choices":[],  "zz": 1.50 }""", second = """{"model": "b",  "messages":[],"zz":1.50}""";
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(answered, 200, "application/json", "x-upstream-extra: kept"));
        provider.Then(FailAsync);
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + slash, $"[{Step("openai", Answers.Ask("a"))}, {Step("groq", second, "openai/v1/chat/completions?a=1&b=%2F", """{"authorization":"Bearer sk-groq","x-mine":"1","cf-aig-event-id":"e","content-type":"application/json; charset=utf-8"}""")}]", [.. Token(server), ("x-top", "no")]);
        Assert.Equal((200, answered, "1", "kept"), (answer.Status, answer.Text, answer.Header("cf-aig-step"), answer.Header("x-upstream-extra")));
        Assert.Equal(["/" + Openai + "chat/completions", "/" + Groq + "chat/completions?a=1&b=%2F"], provider.Received.Select(received => received.Target));
        Assert.Equal((second, "Bearer sk-groq", "1", "application/json; charset=utf-8"), (provider.Last.Text, provider.Last.Header("Authorization"), provider.Last.Header("x-mine"), provider.Last.Header("Content-Type")));
        Assert.Equal("Bearer sk-step", provider.Received[0].Header("Authorization"));
        foreach (var received in provider.Received)
        {
            Assert.DoesNotContain("cf-aig", received.Head, StringComparison.OrdinalIgnoreCase);
            Assert.Null(received.Header("x-top")); // each provider gets its own step's headers and no other
        }
    }

    [Fact]
    public async Task One_object_is_an_array_of_one_and_gets_json_where_it_does_not_say()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway, """{"provider":"grok","endpoint":"/v1/chat/completions","authorization":"Bearer sk-old","query":{"model":"m","messages":[]},"eventId":"x"}""", Token(server));
        Assert.Equal((200, "0"), (answer.Status, answer.Header("cf-aig-step")));
        Assert.Equal(("/api.x.ai/v1/chat/completions", "Bearer sk-old", "application/json"), (provider.Last.Target, provider.Last.Header("Authorization"), provider.Last.Header("Content-Type")));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(0)]
    public async Task Whatever_a_step_fails_with_the_next_one_is_asked(int status)
    {
        await using var provider = new FakeUpstream();
        provider.Then(turn =>
        {
            if (status > 0)
                return turn.WholeAsync("{}", status, "application/json", "Retry-After: 3600");
            turn.Reset();
            return Task.CompletedTask;
        });
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway, $"[{Step("openai", Answers.Ask("a"))},{Step("groq", Answers.Ask("b"))}]", Token(server));
        Assert.Equal((200, "1", Answers.Chat), (answer.Status, answer.Header("cf-aig-step"), answer.Text));
        Assert.Equal(2, provider.Received.Count);
    }

    [Fact]
    public async Task A_streaming_step_behind_one_that_failed_streams_byte_for_byte()
    {
        await using var provider = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        provider.Then(FailAsync);
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway, $"[{Step("openai", Answers.Ask("a"))},{Step("openai", Answers.Ask("b", stream: true, more: ",\"stream_options\":{\"include_usage\":true}"))}]", Token(server));
        Assert.Equal((200, "1", "text/event-stream"), (answer.Status, answer.Header("cf-aig-step"), answer.Header("Content-Type")));
        Assert.Equal(string.Concat(Answers.ChatStream), answer.Text);
        // A stream that breaks before any content is a failure like another; and a whole answer may stand behind it.
        provider.Then(async turn => { await turn.BeginAsync(); turn.Reset(); }).Then(turn => turn.WholeAsync(Answers.Chat));
        answer = await server.PostAsync(server.Gateway, $"[{Step("openai", Answers.Ask("a", stream: true))},{Step("openai", Answers.Ask("b"))}]", Token(server));
        Assert.Equal((200, "1", Answers.Chat), (answer.Status, answer.Header("cf-aig-step"), answer.Text));
    }

    [Fact]
    public async Task When_all_fail_the_last_answer_of_a_provider_is_told_and_2005_when_none_answered()
    {
        await using var provider = new FakeUpstream(turn => { turn.Reset(); return Task.CompletedTask; });
        await using var server = await GatewayServers.StartAsync(provider);
        var steps = $"[{Step("openai", Answers.Ask("a"))},{Step("groq", Answers.Ask("b"))}]";
        provider.Then(FailAsync).Then(turn => turn.WholeAsync("busy", 503, "text/plain", "x-why: load"));
        var both = await server.PostAsync(server.Gateway, steps, Token(server));
        Assert.Equal((503, "busy", "1", "text/plain", "load"), (both.Status, both.Text, both.Header("cf-aig-step"), both.Header("Content-Type"), both.Header("x-why")));
        provider.Then(FailAsync);
        var first = await server.PostAsync(server.Gateway, steps, Token(server));
        Assert.Equal((500, """{"error":"down"}""", "0"), (first.Status, first.Text, first.Header("cf-aig-step")));
        var none = await server.PostAsync(server.Gateway, steps, Token(server));
        Assert.Equal((400, 2005), none.Error());
        Assert.StartsWith("Failed to get response from provider", none.Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "no steps")]
    [InlineData("\"x\"", "array of steps")]
    [InlineData("{}", "provider is missing")]
    [InlineData("""[{"provider":"grok"}]""", "[0].endpoint is missing")]
    [InlineData("""[{"provider":"grok","endpoint":"x","headers":{}}]""", "[0].query is missing")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{}},{"provider":1}]""", "[1].provider must be a string")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{}},7]""", "[1] must be an object")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"headers":[]}]""", "[0].headers must be an object")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"headers":{"a":"b\r\nc: d"}}]""", "[0].headers.a must be a string")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"headers":{"a b":"c"}}]""", "[0].headers has the name \"a b\"")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"config":{"maxAttempts":6}}]""", "[0].config.maxAttempts must be a whole number of tries from 1 to 5")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"config":{"requestTimeout":0}}]""", "[0].config.requestTimeout")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"config":{"retryDelay":-1}}]""", "[0].config.retryDelay")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{},"config":{"backoff":"often"}}]""", "[0].config.backoff must be constant, linear or exponential")]
    [InlineData("""[{"provider":"grok","endpoint":"../x","query":{}}]""", "segment of dots")]
    [InlineData("""[{"provider":"grok","endpoint":"a/%2e%2e/x","query":{}}]""", "segment of dots")]
    [InlineData("""[{"provider":"grok","endpoint":"a b","query":{}}]""", "percent-encoded")]
    [InlineData("""[{"provider":"grok","endpoint":"a?key=xai-mw-secret","query":{}}]""", "must not have an API key")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{}}] x""", "not JSON")]
    [InlineData("""[{"provider":"grok","endpoint":"x","query":{"a":}}]""", "not JSON")]
    public async Task A_malformed_body_is_refused_in_cloudflares_form_with_the_field_that_is_wrong(string body, string told)
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway, body, Token(server));
        Assert.Equal((400, 7001), answer.Error());
        Assert.Contains(told, answer.Message(), StringComparison.Ordinal);
        Assert.Empty(provider.Received);
    }

    [Theory]
    [InlineData("nosuch", "chat/completions", "m", "Invalid provider: [1].provider is \"nosuch\".")]
    [InlineData("../x", "chat/completions", "m", "Invalid provider: [1].provider is \"../x\".")]
    [InlineData("compat", "nothing", "m", "Invalid provider: [1].endpoint is \"compat/nothing\".")]
    [InlineData("custom-none", "x", "m", "Invalid provider: [1].provider is \"custom-none\".")]
    [InlineData("compat", "chat/completions", "dynamic/support", "Model not found: dynamic/support. Dynamic routes are not served here: name a model as {provider}/{model}.")]
    public async Task What_nobody_serves_is_2008(string slug, string endpoint, string model, string told)
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway, Step(slug, Answers.Ask(model), endpoint), Token(server));
        Assert.Equal((400, 2008), answer.Error());
        Assert.StartsWith(told.Replace("[1].", "", StringComparison.Ordinal), answer.Message(), StringComparison.Ordinal);
        var second = await server.PostAsync(server.Gateway, $"[{Step("compat", Answers.Ask("dynamic/first"), headers: "{}")},{Step(slug, Answers.Ask(model), endpoint)}]", Token(server));
        Assert.StartsWith(told, second.Message(), StringComparison.Ordinal);
        Assert.Empty(provider.Received);
    }

    [Fact]
    public async Task Compat_and_the_operators_upstreams_are_steps_too_and_a_step_that_cannot_be_made_is_passed_over()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var endpoint in new[] { "chat/completions", "v1/chat/completions", "/chat/completion" })
        {
            var answer = await server.PostAsync(server.Gateway, $"[{Step("compat", Answers.Ask("nosuch/x"), endpoint, "{}")},{Step("compat", Answers.Ask("lab/alpha"), endpoint, "{}")}]");
            Assert.Equal((200, "1"), (answer.Status, answer.Header("cf-aig-step")));
            Assert.Equal(("/v1/chat/completions", "alpha", "Bearer " + TestServer.UpstreamKey), (lab.Last.Target, JsonDocument.Parse(lab.Last.Body).RootElement.GetProperty("model").GetString(), lab.Last.Header("Authorization")));
        }
        var own = await server.PostAsync(server.Gateway, $"[{Step("lab", Answers.Ask("alpha"), headers: "{}")}]");
        Assert.Equal((200, Answers.Chat, "Bearer " + TestServer.UpstreamKey), (own.Status, own.Text, lab.Last.Header("Authorization")));
        // A mistyped key of ours in a step never leaves.
        await server.PostAsync(server.Gateway, Step("lab", Answers.Ask("alpha"), headers: $$"""{"Authorization":"Bearer {{server.Key[..^1]}}!"}"""));
        Assert.Equal("Bearer " + TestServer.UpstreamKey, lab.Last.Header("Authorization"));
    }

    [Fact]
    public async Task Stored_keys_serve_steps_and_each_may_name_its_own()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var gateways = server.Service<GatewayCommands>();
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", "one", Default: false, "sk-one"));
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", "two", Default: false, "sk-two"));
        provider.Then(FailAsync);
        await server.PostAsync(server.Gateway, $"[{Step("openai", Answers.Ask("a"), headers: "{}")},{Step("openai", Answers.Ask("b"), headers: """{"cf-aig-byok-alias":"two"}""")}]", ("cf-aig-byok-alias", "one"));
        Assert.Equal(["Bearer sk-one", "Bearer sk-two"], provider.Received.Select(received => received.Header("Authorization")));
        var unknown = await server.PostAsync(server.Gateway, Step("openai", Answers.Ask("a"), headers: """{"cf-aig-byok-alias":"three"}"""));
        Assert.Equal((400, 2040), unknown.Error());
    }

    [Fact]
    public async Task Only_those_who_may_come_in_and_only_by_post()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        Assert.Equal((401, 2009), (await server.PostAsync(server.Gateway, "[]", ("Authorization", ""))).Error());
        Assert.Equal((401, 2009), (await server.PostAsync(server.Gateway, Step("openai", Answers.Ask()), ("Authorization", "Bearer sk-caller"))).Error());
        Assert.Equal((400, 2001), (await server.PostAsync($"/v1/{server.Account}/no-such", Step("openai", Answers.Ask()))).Error());
        var get = await server.GetAsync(server.Gateway);
        Assert.Equal((405, "POST"), (get.Status, get.Header("Allow")));
        Assert.Empty(provider.Received);
    }

    [Fact]
    public async Task A_key_calls_in_steps_what_it_may_call_elsewhere()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var acls = KeyAcls.Parse(["api-key:endpoint:embed", "api-key:model:*"], out _)!;
        var (_, key) = server.Service<KeyCommands>().Create(OperatorActor.Instance, null, new KeySettings("x") { Acls = acls });
        var refused = await server.PostAsync(server.Gateway, Step("lab", Answers.Ask("alpha"), headers: "{}"), ("Authorization", "Bearer " + key));
        Assert.Equal((403, "acl"), (refused.Status, refused.Header("x-milliways-refused")));
        var embedded = await server.PostAsync(server.Gateway, $"[{Step("lab", Answers.Ask("alpha"), headers: "{}")},{Step("lab", """{"model":"alpha","input":"x"}""", "embeddings", "{}")}]", ("Authorization", "Bearer " + key));
        Assert.Equal("1", embedded.Header("cf-aig-step"));
        Assert.Equal("/v1/embeddings", Assert.Single(lab.Received).Target);
    }

    [Fact]
    public async Task Steps_count_once_against_the_gateways_rate_limit()
    {
        await using var provider = new FakeUpstream(FailAsync);
        await using var server = await GatewayServers.StartAsync(provider, clock: new ManualTime());
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RateLimitingLimit = 2, RateLimitingInterval = 60 });
        var steps = $"[{Step("openai", Answers.Ask("a"))},{Step("groq", Answers.Ask("b"))},{Step("mistral", Answers.Ask("c"))}]";
        Assert.Equal(500, (await server.PostAsync(server.Gateway, steps, Token(server))).Status);
        Assert.Equal(500, (await server.PostAsync(server.Gateway, steps, Token(server))).Status);
        Assert.Equal((429, 2003), (await server.PostAsync(server.Gateway, steps, Token(server))).Error());
        Assert.Equal(6, provider.Received.Count);
    }

    [Fact]
    public async Task Steps_count_once_against_limits_and_another_step_before_it_is_no_way_around_a_models()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 3 } """,
            """ "rare": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "limits": { "requestsPerMinute": 1 } }, "free": { "attempts": [ { "upstream": "lab", "model": "beta" } ] } """, new ManualTime());
        var (free, rare) = (Step("compat", Answers.Ask("free"), headers: "{}"), Step("compat", Answers.Ask("rare"), headers: "{}"));
        Assert.Equal(200, (await server.PostAsync(server.Gateway, $"[{free},{rare}]")).Status);
        foreach (var limited in new[] { $"[{free},{rare}]", rare })
        {
            var answer = await server.PostAsync(server.Gateway, limited);
            Assert.Equal((429, "limit"), (answer.Status, answer.Header("x-milliways-refused")));
        }
        foreach (var status in new[] { 200, 200, 429 })
            Assert.Equal(status, (await server.PostAsync(server.Gateway, $"[{free},{free}]")).Status);
    }

    [Fact]
    public async Task One_hold_as_much_as_the_dearest_step_and_one_charge_for_the_step_that_answered()
    {
        const long dollar = Milliways.Credits.Money.TicksPerDollar;
        await using var credited = await Credited.StartAsync(dollar);
        var held = new List<long>();
        async Task<Milliways.Credits.CreditsShown> ShowAsync() => await credited.Credits.ShowAsync(OperatorActor.Instance, credited.Server.Account, CancellationToken.None);
        credited.Lab.Then(async turn => { held.Add((await ShowAsync()).HeldTicks); await turn.WholeAsync("{}", 500); });
        credited.Claude.Then(async turn => { held.Add((await ShowAsync()).HeldTicks); await turn.WholeAsync(Answers.Messages); });
        var (cheap, dear) = (Answers.Ask("priced", more: ",\"max_tokens\":10"), Answers.Ask("priced-claude", more: ",\"max_tokens\":1000"));
        var answer = await credited.Server.PostAsync(credited.Server.Gateway, $"[{Step("compat", cheap, headers: "{}")},{Step("compat", dear, headers: "{}")}]");
        Assert.Equal((200, "1"), (answer.Status, answer.Header("cf-aig-step")));
        Assert.Equal(held[0], held[1]);
        Assert.InRange(held[0], 1000 * Credited.Output, (1000 * Credited.Output) + (dear.Length * Credited.Input));
        var charge = Assert.Single(await credited.ChargesAsync());
        Assert.Equal((-((3 * Credited.Input) + Credited.Output), "priced-claude", answer.Header("x-request-id")), (charge.AmountTicks, charge.Model, charge.RequestId));
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_step_that_the_caller_pays_is_not_charged_and_leaves_no_hold_and_one_without_money_for_it_is_passed_over()
    {
        await using var credited = await Credited.StartAsync(Milliways.Credits.Money.TicksPerDollar);
        credited.Lab.Then(FailAsync);
        var steps = $"[{Step("compat", Answers.Ask("priced"), headers: "{}")},{Step("lab", Answers.Ask("alpha"))}]";
        var answer = await credited.Server.PostAsync(credited.Server.Gateway, steps);
        Assert.Equal((200, "1", "Bearer sk-step"), (answer.Status, answer.Header("cf-aig-step"), credited.Lab.Last.Header("Authorization")));
        Assert.Empty(await credited.ChargesAsync());
        await credited.CheckAsync();
        // Used up: the step on credit is not made any more, the caller's own is.
        await credited.Credits.AdjustAsync(OperatorActor.Instance, credited.Server.Account, -Milliways.Credits.Money.TicksPerDollar, "test", CancellationToken.None);
        answer = await credited.Server.PostAsync(credited.Server.Gateway, steps);
        Assert.Equal((200, "1"), (answer.Status, answer.Header("cf-aig-step")));
        Assert.Equal(3, credited.Lab.Received.Count);
        Assert.Equal((402, 2021), (await credited.Server.PostAsync(credited.Server.Gateway, $"[{Step("compat", Answers.Ask("priced"), headers: "{}")}]")).Error());
        Assert.Equal((402, 2021), (await credited.Server.PostAsync(credited.Server.Gateway, $"[{Step("lab", "{}", "batches", "{}")}]")).Error()); // nobody knows its price
        Assert.Equal(3, credited.Lab.Received.Count);
        await credited.CheckAsync();
    }

    [Fact]
    public async Task The_balance_clamps_a_step_as_it_clamps_a_request()
    {
        await using var credited = await Credited.StartAsync(300 * Credited.Output);
        var answer = await credited.Server.PostAsync(credited.Server.Gateway, $"[{Step("compat", Answers.Ask("output-only", more: ",\"max_tokens\":5000"), headers: "{}")}]");
        Assert.Equal(200, answer.Status);
        Assert.Equal(300, JsonDocument.Parse(credited.Lab.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
        await credited.CheckAsync();
    }
}
