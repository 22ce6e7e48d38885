using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>What every answer of a gateway address carries, and what its errors look like (cloudflare 2.2, 5).</summary>
public sealed class GatewayAnswerTests
{
    private const string Incomplete = "Please configure AI Gateway: write the address as /v1/{account}/{gateway}/{provider}/..., with the account of 32 hex digits that milliways teams list shows.";

    [Fact]
    public async Task Every_answer_carries_its_ids_and_its_step_errors_too()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var (path, headers) in new (string, (string, string)[])[] { ("/lab/chat/completions", []), ("/nothing/x", []), ("/lab/chat/completions", [("Authorization", "")]), ("/compat/models", []) })
        {
            var answer = path.EndsWith("models", StringComparison.Ordinal) ? await server.GetAsync(server.Gateway + path, headers) : await server.PostAsync(server.Gateway + path, Answers.Ask(), headers);
            var id = answer.Header("cf-aig-log-id");
            Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id);
            Assert.Equal((id, id, "0", null), (answer.Header("cf-aig-event-id"), answer.Header("cf-aig-request-id"), answer.Header("cf-aig-step"), answer.Header("cf-aig-cache-status")));
            Assert.Equal(answer.Header("x-request-id"), "req_" + id!.Replace("-", "", StringComparison.Ordinal)); // either finds the other
        }
    }

    [Fact]
    public async Task An_event_id_is_echoed_and_a_log_that_is_not_wanted_has_no_id()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var path = server.Gateway + "/lab/chat/completions";
        var answer = await server.PostAsync(path, Answers.Ask(), ("cf-aig-event-id", "my-event-1"), ("cf-aig-collect-log", "false"));
        Assert.Equal(("my-event-1", null), (answer.Header("cf-aig-event-id"), answer.Header("cf-aig-log-id")));
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { CollectLogs = false });
        Assert.Null((await server.PostAsync(path, Answers.Ask())).Header("cf-aig-log-id"));
        Assert.NotNull((await server.PostAsync(path, Answers.Ask(), ("cf-aig-collect-log", "true"))).Header("cf-aig-log-id"));
    }

    [Theory]
    [InlineData("/v1/{account}/no-such/grok/chat/completions", 400, 2001, "Please configure AI Gateway: the team has no gateway no-such. milliways gateways list shows which it has, milliways gateways create makes one.")]
    [InlineData("/v1/{account}", 400, 2001, Incomplete)]
    [InlineData("/v1/{account}/", 400, 2001, Incomplete)]
    [InlineData("/v1/my-account/default/grok/chat/completions", 400, 2001, Incomplete)]
    [InlineData("/v1/0123456789abcdef/default/compat/chat/completions", 400, 2001, Incomplete)]
    [InlineData("/v1/ACCOUNT/GATEWAY/custom-lab", 400, 2001, Incomplete)]
    [InlineData("/v1/{account}/default/nosuchprovider/v1/chat/completions", 400, 2008, "Invalid provider")]
    [InlineData("/v1/{account}/default/custom-none/x", 400, 2008, "Invalid provider")]
    [InlineData("/v1/{account}/default/compat/nothing", 400, 2008, "Invalid provider")]
    [InlineData("/v1/{account}/default/compat/chat/completions", 400, 2008, "Model not found: nosuchprovider/x")]
    [InlineData("/v1/{account}/default/lab/chat/completions", 400, 2008, "Invalid provider")]
    public async Task Errors_have_cloudflares_form_and_numbers(string path, int status, int code, string message)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(path.Replace("{account}", server.Account, StringComparison.Ordinal), Answers.Ask("nosuchprovider/x"));
        Assert.Equal((status, code), answer.Error());
        Assert.Equal((message, "application/json"), (answer.Message(), answer.Header("Content-Type")));
        Assert.Equal((answer.Header("cf-aig-request-id"), "0"), (answer.Header("cf-aig-event-id"), answer.Header("cf-aig-step")));
        Assert.Equal(message == Incomplete, answer.Header("cf-aig-log-id") is null); // nobody's log has what is nobody's
    }

    [Fact]
    public async Task A_provider_that_cannot_be_reached_is_2005_with_a_status_that_sdks_try_again()
    {
        await using var provider = new FakeUpstream(turn => { turn.Reset(); return Task.CompletedTask; });
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("gpt"), server.Own());
        Assert.Equal((502, 2005), answer.Error());
        Assert.StartsWith("upstream", answer.Header("x-milliways-failed"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cf-aig-metadata", "{not json")]
    [InlineData("cf-aig-metadata", """{"a":{"b":1}}""")]
    [InlineData("cf-aig-custom-cost", "free")]
    [InlineData("cf-aig-request-timeout", "soon")]
    [InlineData("cf-aig-max-attempts", "99")]
    [InlineData("cf-aig-backoff", "wild")]
    [InlineData("cf-aig-cache-ttl", "-1")]
    [InlineData("cf-aig-zdr", "perhaps")]
    [InlineData("cf-aig-otel-trace-id", "short")]
    [InlineData("cf-aig-something-new", "1")]
    [InlineData("cf-aig-allowed-models", ",,")]
    public async Task A_malformed_or_unknown_header_does_no_harm(string header, string value)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/lab/chat/completions", Answers.Ask(), (header, value))).Status);
    }

    [Fact]
    public async Task The_gateways_rate_limit_counts_every_request_and_answers_in_cloudflares_form()
    {
        var clock = new ManualTime();
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider, clock: clock);
        var gateways = server.Service<GatewayCommands>();
        foreach (var technique in new[] { "fixed", "sliding" })
        {
            gateways.Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RateLimitingLimit = 3, RateLimitingInterval = 60, RateLimitingTechnique = technique });
            clock.Advance(TimeSpan.FromSeconds(60 - clock.GetUtcNow().ToUnixTimeSeconds() % 60)); // a boundary
            // What is refused does not count: an unknown provider, and the refused fourth itself.
            Assert.Equal(400, (await server.PostAsync(server.Gateway + "/nosuch/x", "{}")).Status);
            for (var i = 0; i < 3; i++)
                Assert.Equal(200, (await server.GetAsync(server.Gateway + "/openai/models", server.Own())).Status);
            var fourth = await server.GetAsync(server.Gateway + "/openai/models", server.Own());
            Assert.Equal((429, 2003), fourth.Error());
            Assert.Equal(("Rate limited", "60", "limit"), (fourth.Message(), fourth.Header("Retry-After"), fourth.Header("x-milliways-refused")));
            Assert.NotNull(fourth.Header("cf-aig-log-id"));
            clock.Advance(TimeSpan.FromSeconds(60));
            Assert.Equal(200, (await server.GetAsync(server.Gateway + "/openai/models", server.Own())).Status);
        }
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "other"));
        for (var i = 0; i < 5; i++)
            Assert.Equal(200, (await server.GetAsync($"/v1/{server.Account}/other/openai/models", server.Own())).Status);
    }

    [Fact]
    public async Task A_sliding_rate_limit_never_holds_more_in_any_interval_and_a_fixed_one_begins_anew_at_the_boundary()
    {
        var clock = new ManualTime();
        clock.Advance(TimeSpan.FromSeconds(60 - clock.GetUtcNow().ToUnixTimeSeconds() % 60));
        var windows = new[] { RateTechnique.Fixed, RateTechnique.Sliding }.Select(technique => new Milliways.Gateway.Rates.RateWindow(new RateLimit(2, 60, technique), clock)).ToArray();
        clock.Advance(TimeSpan.FromSeconds(50));
        foreach (var window in windows)
            Assert.True(window.TryEnter(out _, out _) && window.TryEnter(out _, out _) && !window.TryEnter(out _, out _));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(windows[0].TryEnter(out var at, out _));
        Assert.False(windows[1].TryEnter(out _, out var wait));
        Assert.Equal(50, wait);
        Assert.True(windows[0].TryEnter(out _, out _));
        Assert.False(windows[0].TryEnter(out _, out _));
        windows[0].GiveBack(at);
        Assert.True(windows[0].TryEnter(out _, out _));
        await Task.CompletedTask;
    }
}
