using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Routing;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>Tokens are reserved by what a request may use, and corrected to what it used.</summary>
public sealed class LimitTokensTests
{
    private static string Usage(int prompt, int completion) =>
        Answers.Chat.Replace("\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4", $"\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{prompt + completion}", StringComparison.Ordinal);

    [Fact]
    public async Task Requests_that_run_at_once_never_use_more_than_the_limit_between_them()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Usage(50, 100)));
        await using var server = await Limited.StartAsync(lab, models: """ "alpha": { "limits": { "tokensPerMinute": 300 } } """);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.AskAsync(more: ""","max_tokens":100""")));
        var later = await server.AskAsync(more: ""","max_tokens":100""");
        Assert.Equal((2, 429), (answers.Count(answer => answer.Status == 200), later.Status));
        Assert.Equal(2, lab.Received.Count);
        var team = Guid.ParseExact(server.Account, "N").ToString("D");
        Assert.StartsWith($"Too many tokens for team {team} and model alpha. Your team's rate limit is — Tokens per Minute (actual/limit): 300/300. This request reserves 1", later.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("0", later.Header("x-ratelimit-remaining-tokens"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_not_used_is_free_again_for_the_next(bool stream)
    {
        await using var lab = new FakeUpstream(turn => stream ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat)); // four tokens each
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 200 } """, clock: new ManualTime());
        for (var i = 0; i < 10; i++)
        {
            var answer = await server.PostAsync(Limited.Chat, Answers.Ask(stream: stream, more: ""","max_tokens":100"""));
            Assert.Equal((200, 100 + (200 - 100 - (4 * i) - Prompt(stream)) - 100), (answer.Status, int.Parse(answer.Header("x-ratelimit-remaining-tokens")!, CultureInfo.InvariantCulture)));
            await Routed.AllEndedAsync(server);
        }

        static int Prompt(bool stream) => (Answers.Ask(stream: stream, more: ""","max_tokens":100""").Length + 2) / 3;
    }

    [Fact]
    public async Task What_was_used_beyond_the_reservation_counts_too()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Usage(50, 500)));
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 300 } """, clock: clock);
        Assert.Equal(200, (await server.AskAsync(more: ""","max_tokens":10""")).Status);
        Assert.Contains("550/300", (await server.AskAsync(more: ""","max_tokens":10""")).Text, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(200, (await server.AskAsync(more: ""","max_tokens":10""")).Status);
    }

    [Fact]
    public async Task A_request_that_failed_before_it_cost_anything_has_used_nothing()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"sick"}}""", 400));
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 200 } """);
        for (var i = 0; i < 5; i++)
            Assert.Equal(400, (await server.AskAsync(more: ""","max_tokens":100""")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_no_usage_is_reported_what_was_delivered_is_estimated_or_what_was_reserved_stays(bool isCounted)
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("123456789"), Answers.Finish, Answers.Done));
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 1000 } """, clock: new ManualTime(),
            more: services => _ = isCounted ? services.AddSingleton<IAdmissionGate, Paying>() : services);
        var body = Answers.Ask(stream: true, more: ""","max_tokens":100""");
        Assert.Equal(200, (await server.PostAsync(Limited.Chat, body)).Status);
        await Routed.AllEndedAsync(server);
        var (prompt, next) = ((body.Length + 2) / 3, await server.PostAsync(Limited.Chat, body));
        Assert.Equal(1000 - (2 * prompt) - 100 - (isCounted ? 3 : 100), int.Parse(next.Header("x-ratelimit-remaining-tokens")!, CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("", "/v1/chat/completions", 1)] // no bound: the window is taken whole
    [InlineData(""","max_tokens":100""", "/v1/chat/completions", 3)]
    [InlineData(""","max_completion_tokens":100""", "/v1/chat/completions", 3)]
    [InlineData(""","max_tokens":100,"max_completion_tokens":500""", "/v1/chat/completions", 1)]
    [InlineData(""","max_tokens":100,"n":3""", "/v1/chat/completions", 1)]
    [InlineData(""","max_output_tokens":100""", "/v1/responses", 3)]
    [InlineData(""","max_tokens_to_sample":100""", "/v1/complete", 3)]
    public async Task The_answers_bound_is_reserved_under_each_dialects_name_of_it(string more, string path, int admitted)
    {
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 440 } """);
        var body = path switch
        {
            "/v1/responses" => $$"""{"model":"alpha","input":"x"{{more}}}""",
            "/v1/complete" => $$"""{"model":"alpha","prompt":"\n\nHuman: Hi\n\nAssistant:"{{more}}}""",
            _ => Answers.Ask(more: more),
        };
        var asked = Enumerable.Range(0, 6).Select(_ => server.PostAsync(path, body)).ToList();
        for (var refused = 6 - admitted; refused > 0; refused--)
        {
            var first = await Task.WhenAny(asked).Soon();
            asked.Remove(first);
            Assert.Equal(429, (await first).Status);
        }
        go.Open();
        Assert.All(await Task.WhenAll(asked), answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task The_bytes_of_an_image_are_no_tokens()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 3000 } """);
        var image = new string('A', 40_000);
        var answer = await server.PostAsync(Limited.Chat,
            $$$"""{"model":"alpha","max_tokens":100,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}},{"type":"text","text":"what?"}]}]}""");
        Assert.Equal((200, (3000 - 1792 - 4 - 2 - 100).ToString(CultureInfo.InvariantCulture)), (answer.Status, answer.Header("x-ratelimit-remaining-tokens")));
    }

    [Fact]
    public async Task A_prompt_that_is_longer_than_the_limit_is_told_that_no_wait_helps()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "tokensPerMinute": 100 } """);
        var refused = await server.PostAsync(Limited.Chat, Answers.Ask().Replace("Hello", new string('x', 3000), StringComparison.Ordinal));
        Assert.Equal((429, "60"), (refused.Status, refused.Header("Retry-After")));
        Assert.Contains("shorten it, or have the limit raised", refused.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    /// <summary>Somebody pays, so the texts that go by are counted.</summary>
    private sealed class Paying : IAdmissionGate, IBill
    {
        public long Charged => 0;

        public (ChatUsage Usage, UsageSource Source) Settled => default;

        public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel)
        {
            exchange.Bill = this;
            return ValueTask.FromResult(Admission.Free);
        }

        public long Covered => long.MaxValue;

        public ValueTask<Failure?> CoverAsync(long textBytes) => default;

        public ValueTask<long> SettleAsync(Exchange exchange, in Outcome outcome) => default;

        public Failure? Conclude(ValueTask<long> settled) => null;
    }
}
