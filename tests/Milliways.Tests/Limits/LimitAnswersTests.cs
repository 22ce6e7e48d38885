using System.Globalization;
using Milliways.Limits;
using Milliways.Tests.Api;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>What a caller is told: what is left with every answer, and how a refusal looks in each dialect (xai-api 1.15; dialects 1.1, 2.1).</summary>
public sealed class LimitAnswersTests
{
    private const string Responses = """{"model":"alpha","input":"x"}""";

    [Theory]
    [InlineData("/v1/chat/completions", "xai")]
    [InlineData("/v1/responses", "xai")]
    [InlineData("/v1/completions", "xai")]
    [InlineData("/v1/embeddings", "xai")]
    [InlineData("compat", "cloudflare")]
    [InlineData("/v1/messages", "anthropic")]
    [InlineData("/v1/complete", "anthropic")]
    public async Task A_refusal_speaks_the_callers_dialect_and_says_when_to_come_again(string path, string dialect)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 1 } """, clock: clock);
        await server.AskAsync();
        clock.Advance(TimeSpan.FromSeconds(20.5));

        var model = path == "compat" ? "lab/alpha" : "alpha";
        var refused = await server.PostAsync(path == "compat" ? server.Gateway + "/compat/chat/completions" : path, path switch
        {
            "/v1/responses" => Responses,
            "/v1/completions" => """{"model":"alpha","prompt":"x"}""",
            "/v1/embeddings" => """{"model":"alpha","input":"x"}""",
            "/v1/messages" => Answers.Say("alpha"),
            "/v1/complete" => """{"model":"alpha","prompt":"\n\nHuman: Hi\n\nAssistant:","max_tokens_to_sample":5}""",
            _ => Answers.Ask(model),
        });

        Assert.Equal((429, dialect), (refused.Status, PathTests.DialectOf(refused.Json)));
        Assert.Equal(("40", "limit", "client, limit"), (refused.Header("Retry-After"), refused.Header("x-milliways-refused"), refused.Header("x-milliways-failed")));
        if (dialect == "cloudflare")
        {
            Assert.Equal(2003, refused.Json.GetProperty("internalCode").GetInt32());
            Assert.StartsWith("Rate limited: Too many requests for team", refused.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
            return;
        }
        var text = dialect == "xai" ? refused.Json.GetProperty("error").GetString() : refused.Json.GetProperty("error").GetProperty("message").GetString();
        Assert.Equal($"Too many requests for team {Guid.ParseExact(server.Account, "N"):D} and model {model}. Your team's rate limit is — Requests per Minute (actual/limit): 1/1. Try again in 40s.", text);
        var error = refused.Json.GetProperty("error");
        Assert.Equal(dialect switch { "xai" => "Some resource has been exhausted", "openai" => "rate_limit_exceeded requests", _ => "rate_limit_error" }, dialect switch
        {
            "xai" => refused.Json.GetProperty("code").GetString(),
            "openai" => $"{error.GetProperty("code").GetString()} {error.GetProperty("type").GetString()}",
            _ => error.GetProperty("type").GetString(),
        });
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task After_the_told_wait_the_same_request_is_served_and_a_moment_earlier_it_is_not()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 2 } """, clock: clock);
        await server.AskAsync();
        clock.Advance(TimeSpan.FromSeconds(7));
        await server.AskAsync();
        var wait = int.Parse((await server.AskAsync()).Header("Retry-After")!, CultureInfo.InvariantCulture);
        Assert.Equal(53, wait);
        clock.Advance(TimeSpan.FromSeconds(wait) - TimeSpan.FromTicks(1));
        Assert.Equal(("1", 429), ((await server.AskAsync()) is var early ? (early.Header("Retry-After")!, early.Status) : default));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((200, 429), ((await server.AskAsync()).Status, (await server.AskAsync()).Status));
    }

    [Fact]
    public async Task A_wait_of_more_than_a_minute_is_told_as_a_minute()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perKey": { "requestsPerHour": 1 } """, clock: new ManualTime());
        await server.AskAsync();
        var refused = await server.AskAsync();
        Assert.Equal("60", refused.Header("Retry-After"));
        Assert.Contains("Your API key's rate limit is — Requests per Hour (actual/limit): 1/1. Try again in 3600s.", refused.Text.Replace("\\u2014", "—", StringComparison.Ordinal).Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_says_what_is_left_of_the_tightest_limit_in_OpenAIs_form()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 9 }, "perKey": { "requestsPerHour": 5, "tokensPerMinute": 10000 } """, clock: clock);
        var first = await server.AskAsync(more: ""","max_tokens":100""");
        Assert.Equal(("5", "4", "1h0m0s"), Requests(first));
        var reserved = 100 + ((Answers.Ask(more: ""","max_tokens":100""").Length + 2) / 3);
        Assert.Equal(("10000", (10000 - reserved).ToString(CultureInfo.InvariantCulture), "1m0s"), Tokens(first));
        clock.Advance(TimeSpan.FromSeconds(12.5));
        lab.Then(turn => turn.WholeAsync("""{"error":{"message":"sick"}}""", 400));
        var failed = await server.AskAsync(more: ""","max_tokens":100""");
        Assert.Equal((400, ("5", "3", "1h0m0s")), (failed.Status, Requests(failed)));
        lab.Then(turn => turn.StreamAsync(Answers.ChatStream));
        var streamed = await server.PostAsync(Limited.Chat, Answers.Ask(stream: true));
        Assert.Equal(("5", "2", "1h0m0s"), Requests(streamed));
        await server.AskAsync();
        await server.AskAsync();
        var refused = await server.AskAsync();
        Assert.Equal((429, ("5", "0", "1h0m0s")), (refused.Status, Requests(refused)));
        Assert.Null(refused.Header("anthropic-ratelimit-requests-limit"));
        Assert.Null((await server.GetAsync("/v1/models")).Header("x-ratelimit-limit-requests"));
    }

    [Fact]
    public async Task Messages_say_it_in_Anthropics_form_with_moments()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perKey": { "requestsPerMinute": 5, "tokensPerMinute": 1000 } """, clock: clock);
        clock.Advance(TimeSpan.FromSeconds(2.5));
        var answer = await server.PostAsync("/v1/messages", Answers.Say("alpha"));
        Assert.Equal(("5", "4", "2025-01-01T00:01:03Z"), Triple(answer, "requests"));
        var (limit, remaining, reset) = Triple(answer, "tokens");
        Assert.Equal(("1000", "2025-01-01T00:01:03Z"), (limit, reset));
        Assert.InRange(int.Parse(remaining!, CultureInfo.InvariantCulture), 850, 1000 - 64);
        Assert.Null(answer.Header("x-ratelimit-limit-requests"));
    }

    [Fact]
    public async Task What_is_not_limited_is_not_mentioned()
    {
        await using var lab = new FakeUpstream();
        await using var free = await Limited.StartAsync(lab);
        Assert.DoesNotContain((await free.AskAsync()).Message.Headers, header => header.Key.Contains("ratelimit", StringComparison.Ordinal));
        await using var slots = await Limited.StartAsync(lab, """ "perTeam": { "concurrent": 9 } """);
        Assert.DoesNotContain((await slots.AskAsync()).Message.Headers, header => header.Key.Contains("ratelimit", StringComparison.Ordinal));
        await using var tokens = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 9000 } """);
        var answer = await tokens.AskAsync();
        Assert.Equal((null, "9000"), (answer.Header("x-ratelimit-limit-requests"), answer.Header("x-ratelimit-limit-tokens")));
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.02, "20ms")]
    [InlineData(0.0000001, "1ms")]
    [InlineData(1, "1s")]
    [InlineData(8.64, "8.64s")]
    [InlineData(59.9999, "1m0s")]
    [InlineData(360, "6m0s")]
    [InlineData(3725.5, "1h2m5.5s")]
    public void Durations_are_Gos(double seconds, string text) => Assert.Equal(text, LimitHeaders.GoDuration(TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))));

    private static (string?, string?, string?) Requests(Answer answer) => (answer.Header("x-ratelimit-limit-requests"), answer.Header("x-ratelimit-remaining-requests"), answer.Header("x-ratelimit-reset-requests"));

    private static (string?, string?, string?) Tokens(Answer answer) => (answer.Header("x-ratelimit-limit-tokens"), answer.Header("x-ratelimit-remaining-tokens"), answer.Header("x-ratelimit-reset-tokens"));

    private static (string?, string?, string?) Triple(Answer answer, string what) =>
        (answer.Header($"anthropic-ratelimit-{what}-limit"), answer.Header($"anthropic-ratelimit-{what}-remaining"), answer.Header($"anthropic-ratelimit-{what}-reset"));
}
