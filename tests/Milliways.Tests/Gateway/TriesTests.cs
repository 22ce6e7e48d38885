using System.Net.Http.Headers;
using System.Text;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Retries and request time-outs of gateways (cloudflare 3.3), by headers, by a step's config and by the gateway's settings.</summary>
public sealed class TriesTests
{
    private const string Path = "/openai/chat/completions";

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    private static Func<UpstreamTurn, Task> Status(int status) => turn => turn.WholeAsync("{}", status);

    private static Task HoldAsync(UpstreamTurn turn) => turn.ClosedAsync();

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(529)]
    [InlineData(0)]
    public async Task A_failing_provider_is_asked_as_often_as_a_header_says(int status)
    {
        await using var provider = new FakeUpstream();
        Func<UpstreamTurn, Task> fails = status > 0 ? Status(status) : turn => { turn.Reset(); return Task.CompletedTask; };
        provider.Then(fails).Then(fails);
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        var asked = server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), [.. server.Own(), ("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "10"), ("cf-aig-backoff", "constant")]);
        await time.RunUntilAsync(asked, Short);
        var answer = await asked;
        Assert.Equal((200, Answers.Chat, "3", "0"), (answer.Status, answer.Text, answer.Header("x-milliways-attempts"), answer.Header("cf-aig-step")));
        Assert.Equal(3, provider.Received.Count);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(501)]
    public async Task What_would_be_the_same_again_is_not_asked_again(int status)
    {
        await using var provider = new FakeUpstream(Status(status));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), [.. server.Own(), ("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "0")]);
        Assert.Equal((status, "{}"), (answer.Status, answer.Text));
        Assert.Single(provider.Received);
    }

    [Fact]
    public async Task Without_a_word_about_it_there_is_one_try()
    {
        await using var provider = new FakeUpstream(Status(500));
        await using var server = await GatewayServers.StartAsync(provider);
        Assert.Equal(500, (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), server.Own())).Status);
        Assert.Single(provider.Received);
    }

    [Fact]
    public async Task A_steps_word_stands_above_the_requests_and_that_above_the_gateways()
    {
        await using var provider = new FakeUpstream(Status(500));
        await using var server = await GatewayServers.StartAsync(provider);
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RetryMaxAttempts = 2, RetryDelay = 0 });
        async Task<int> CountAsync(string? step, string config, string? request)
        {
            var before = provider.Received.Count;
            var headers = step is null ? "{}" : $$"""{"cf-aig-max-attempts":{{step}}}""";
            await server.PostAsync(server.Gateway, $$"""{"provider":"openai","endpoint":"chat/completions","headers":{{headers}},"query":{{Answers.Ask("a")}},"config":{{config}}}""", ("cf-aig-max-attempts", request ?? ""));
            return provider.Received.Count - before;
        }
        Assert.Equal(2, await CountAsync(null, "{}", null));
        Assert.Equal(3, await CountAsync(null, "{}", "3"));
        Assert.Equal(4, await CountAsync(null, """{"maxAttempts":4}""", "3"));
        Assert.Equal(5, await CountAsync("\"5\"", """{"maxAttempts":4}""", "3"));
        Assert.Equal(1, await CountAsync("1", "{}", "3"));
        Assert.Equal(2, await CountAsync(null, "{}", "6")); // out of bounds: as good as not sent
    }

    [Fact]
    public async Task A_steps_retries_are_used_up_before_the_next_step_begins()
    {
        await using var provider = new FakeUpstream(Status(500));
        await using var server = await GatewayServers.StartAsync(provider);
        string Step(string model) => $$"""{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask(model)}},"config":{"maxAttempts":2,"retryDelay":0} }""";
        var answer = await server.PostAsync(server.Gateway, $"[{Step("a")},{Step("b")}]");
        Assert.Equal((500, "1", "4"), (answer.Status, answer.Header("cf-aig-step"), answer.Header("x-milliways-attempts")));
        Assert.Equal([Answers.Ask("a"), Answers.Ask("a"), Answers.Ask("b"), Answers.Ask("b")], provider.Received.Select(received => received.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_provider_that_does_not_begin_in_time_is_504_2005(bool byHeader)
    {
        await using var provider = new FakeUpstream(HoldAsync);
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        if (!byHeader)
            server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RequestTimeout = 200 });
        var asked = server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), [.. server.Own(), ("cf-aig-request-timeout", byHeader ? "200" : "")]);
        Assert.InRange(await time.RunUntilAsync(asked, Short), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(60)); // long before any time-out of the upstream
        var answer = await asked;
        Assert.Equal((504, 2005), answer.Error());
        Assert.Contains("200 ms", answer.Message(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_alone_is_no_answer_yet()
    {
        await using var provider = new FakeUpstream(async turn => { await turn.BeginAsync(); await turn.ClosedAsync(); });
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        var asked = server.PostAsync(server.Gateway + Path, Answers.Ask("gpt", stream: true), [.. server.Own(), ("cf-aig-request-timeout", "200")]);
        Assert.InRange(await time.RunUntilAsync(asked, Short), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(60));
        Assert.Equal((504, 2005), (await asked).Error());
    }

    [Fact]
    public async Task A_step_that_is_late_gives_way_to_the_next_one()
    {
        await using var provider = new FakeUpstream();
        provider.Then(HoldAsync);
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        var asked = server.PostAsync(server.Gateway, $$"""
            [{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask("a")}},"config":{"requestTimeout":200} },
             {"provider":"groq","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask("b")}} }]
            """);
        await time.RunUntilAsync(asked, Short);
        var answer = await asked;
        Assert.Equal((200, "1"), (answer.Status, answer.Header("cf-aig-step")));
    }

    [Fact]
    public async Task The_last_retry_waits_whatever_the_time_out_says()
    {
        await using var provider = new FakeUpstream();
        var door = new Gate();
        provider.Then(HoldAsync).Then(async turn => { await door.WaitAsync(); await turn.WholeAsync(Answers.Chat); });
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        var asked = server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), [.. server.Own(), ("cf-aig-request-timeout", "200"), ("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "10")]);
        await provider.ArrivalAsync();
        await time.RunUntilAsync(provider.ArrivalAsync(), Short);
        for (var i = 0; i < 20; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(asked.IsCompleted);
        door.Open();
        Assert.Equal(200, (await asked).Status);
    }

    [Fact]
    public async Task A_stream_that_has_begun_is_not_cut()
    {
        var door = new Gate();
        await using var provider = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await door.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Base + server.Gateway + Path)
        {
            Content = new StringContent(Answers.Ask("gpt", stream: true, more: ",\"stream_options\":{\"include_usage\":true}"), Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        foreach (var (name, value) in server.Own())
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("cf-aig-request-timeout", "200");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Soon();
        for (var i = 0; i < 10; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        door.Open();
        Assert.Equal(string.Concat(Answers.ChatStream), await answer.Content.ReadAsStringAsync().Soon());
    }

    [Fact]
    public async Task One_callers_impatience_does_not_make_an_upstream_ill_for_others()
    {
        await using var provider = new FakeUpstream();
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{provider.Url}}/v1", "apiKey": "sk-operator", "breaker": { "failures": 1 } } } }""", time);
        provider.Then(HoldAsync);
        var late = server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-request-timeout", "200"));
        await time.RunUntilAsync(late, Short);
        Assert.Equal((504, 2005), (await late).Error());
        Assert.Empty(server.Service<Milliways.Routing.Health.HealthBoard>().Avoided());
    }
}
