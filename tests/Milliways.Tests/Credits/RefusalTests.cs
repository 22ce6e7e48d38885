using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>When the money is not enough: before an upstream is asked, and in the middle of a stream.</summary>
public sealed class RefusalTests
{
    private const long Dollar = Milliways.Credits.Money.TicksPerDollar;
    private const string Exhausted = "has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.";

    [Theory]
    [InlineData("/v1/chat/completions", 403)]
    [InlineData("compat", 402)]
    [InlineData("/v1/messages", 402)]
    public async Task Used_up_credit_is_refused_in_each_dialects_words_and_not_tried_again(string path, int status)
    {
        await using var credited = await Credited.StartAsync(1);
        var isGateway = path == "compat";
        if (isGateway)
            path = credited.Server.Gateway + "/compat/chat/completions";
        var answer = await credited.Server.PostAsync(path, path == "/v1/messages" ? Answers.Say("priced") : Answers.Ask("priced"));
        Assert.Equal((status, "false", "credits"), (answer.Status, answer.Header("x-should-retry"), answer.Header("x-milliways-refused")));
        Assert.Contains(Exhausted, answer.Text, StringComparison.Ordinal);
        Assert.Contains(credited.Team.ToString("D"), answer.Text, StringComparison.Ordinal);
        var error = answer.Json;
        if (isGateway)
            Assert.Equal(2021, error.GetProperty("internalCode").GetInt32());
        else if (status == 403)
            Assert.Equal("The caller does not have permission to execute the specified operation", error.GetProperty("code").GetString());
        else
            Assert.Equal("billing_error", error.GetProperty("error").GetProperty("type").GetString());
        Assert.Empty(credited.Lab.Received);
    }

    [Fact]
    public async Task A_team_that_never_had_credit_is_told_where_to_get_some()
    {
        await using var credited = await Credited.StartAsync(0);
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced"));
        Assert.Equal(403, answer.Status);
        Assert.StartsWith("Your newly created team doesn't have any credits or licenses yet.", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"lab/alpha","messages":[{"role":"user","content":"Hi"}]}""", "lab/alpha")]
    [InlineData("/v1/batches", """{"name":"nightly"}""", "/v1/batches")]
    public async Task What_has_no_price_is_refused_with_the_setting_that_gives_it_one(string path, string body, string named)
    {
        await using var credited = await Credited.StartAsync(Dollar, more: "");
        var answer = await credited.Server.PostAsync(path, body);
        Assert.Equal((403, "credits"), (answer.Status, answer.Header("x-milliways-refused")));
        Assert.Contains(named, answer.Text, StringComparison.Ordinal);
        Assert.Empty(credited.Lab.Received);
    }

    [Fact]
    public async Task A_whole_answer_is_clamped_to_what_the_balance_pays_for_and_to_no_less_than_256_tokens()
    {
        await using var credited = await Credited.StartAsync(300 * Credited.Output);
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":5000"));
        Assert.Equal(200, answer.Status);
        Assert.Equal(300, JsonDocument.Parse(credited.Lab.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
        Assert.Equal(200, (await credited.Server.PostAsync("/v1/messages", Answers.Say("output-only").Replace("\"max_tokens\":64", "\"max_tokens\":5000", StringComparison.Ordinal))).Status);
        Assert.Equal(299, JsonDocument.Parse(credited.Lab.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
        await credited.Credits.AdjustAsync(Milliways.Teams.OperatorActor.Instance, credited.Server.Server.Team.Account, -(298 - 255) * Credited.Output, "test", CancellationToken.None);
        Assert.Equal(403, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":5000"))).Status);
        Assert.Equal(200, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":255"))).Status);
    }

    [Fact]
    public async Task A_request_that_bounds_nothing_gets_a_bound_when_the_balance_is_small()
    {
        await using var credited = await Credited.StartAsync(400 * Credited.Output);
        Assert.Equal(200, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only"))).Status);
        Assert.Equal(400, JsonDocument.Parse(credited.Lab.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"error\"", false)]
    [InlineData("/v1/chat/completions", "\"error\"", true)]
    [InlineData("/v1/messages", "event: error", false)]
    [InlineData("/v1/messages", "event: error", true)]
    public async Task A_stream_ends_with_its_dialects_error_when_the_credit_runs_out_and_pays_for_what_it_delivered(string path, string mark, bool atOnce)
    {
        // A thousand tokens are held at once; each piece is a thousand bytes.
        await using var credited = await Credited.StartAsync(3000 * Credited.Output);
        var piece = new string('x', 1000);
        credited.Lab.Standing = async turn =>
        {
            await turn.BeginAsync();
            var events = Enumerable.Repeat(Answers.Chunk(piece), 10).Prepend(Answers.Role).Append(Answers.Finish + Answers.Usage + Answers.Done);
            foreach (var part in atOnce ? [string.Concat(events)] : events)
                await turn.SendAsync(part);
            await turn.EndAsync();
        };
        await using var client = await RawClient.ConnectAsync(credited.Server);
        await client.PostAsync(path, path == "/v1/messages"
            ? Answers.Say("output-only", stream: true).Replace("\"max_tokens\":64", "\"max_tokens\":9000", StringComparison.Ordinal)
            : Answers.Ask("output-only", stream: true, more: ",\"max_tokens\":9000"));
        await client.HeadAsync();
        var received = await client.RestTextAsync();
        Assert.Equal(WireEnd.Torn, client.End);
        Assert.Contains(mark, received, StringComparison.Ordinal);
        Assert.Contains(Exhausted, received, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", received, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", received, StringComparison.Ordinal);
        var delivered = received.Split(piece).Length - 1;
        Assert.InRange(delivered, 1, 3);
        var charge = Assert.Single(await credited.ChargesAsync());
        Assert.Equal((-(((1000 * delivered) + 2) / 3) * Credited.Output, "estimated"), (charge.AmountTicks, charge.UsageSource));
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_gateways_hard_limit_bounds_what_comes_through_it_and_nothing_else()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        await credited.Credits.SetSpendingLimitAsync(
            Milliways.Teams.OperatorActor.Instance, credited.Server.Account, "default", new(Soft: null, Hard: 100 * Credited.Output), CancellationToken.None);
        var through = credited.Server.Gateway + "/compat/chat/completions";
        Assert.Equal(200, (await credited.Server.PostAsync(through, Answers.Ask("output-only", more: ",\"max_tokens\":100"))).Status);
        var refused = await credited.Server.PostAsync(through, Answers.Ask("output-only", more: ",\"max_tokens\":100"));
        Assert.Equal((429, "credits"), (refused.Status, refused.Header("x-milliways-refused")));
        Assert.Contains("This gateway has reached its monthly spending limit.", refused.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":100"))).Status);
        Assert.Equal(["default", null], (await credited.ChargesAsync()).Select(charge => charge.Gateway));
    }

    [Fact]
    public async Task Credit_for_ten_answers_serves_exactly_ten_of_fifty_at_once()
    {
        const string hundred = """{"id":"up","object":"chat.completion","created":1,"model":"alpha","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":100,"total_tokens":105}}""";
        await using var credited = await Credited.StartAsync(10 * 100 * Credited.Output);
        credited.Lab.Standing = turn => turn.WholeAsync(hundred);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":100"))));
        Assert.Equal((10, 40), (answers.Count(answer => answer.Status == 200), answers.Count(answer => answer.Status == 403)));
        Assert.Equal(0, await credited.BalanceAsync());
        Assert.Equal(10, (await credited.ChargesAsync()).Count);
        await credited.CheckAsync();
    }
}
