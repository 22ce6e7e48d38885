using System.Globalization;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>What an answer is charged, in every dialect, whole and streamed.</summary>
public sealed class ChargeTests
{
    private const long Dollar = Milliways.Credits.Money.TicksPerDollar;

    /// <summary>Three prompt tokens and one of output, as the small answers report.</summary>
    private const long Small = (3 * Credited.Input) + Credited.Output;

    private const string AskResponses = """{"model":"priced-responses","input":"Hello","max_output_tokens":64}""";

    [Theory]
    [InlineData("/v1/chat/completions", "priced")]
    [InlineData("/v1/chat/completions", "priced-claude")]
    [InlineData("/v1/chat/completions", "priced-responses")]
    [InlineData("/v1/messages", "priced-claude")]
    [InlineData("/v1/messages", "priced")]
    [InlineData("/v1/responses", "priced-responses")]
    [InlineData("/v1/responses", "priced")]
    public async Task A_whole_answer_tells_its_charge_in_header_and_usage_and_the_balance_falls_by_it(string path, string model)
    {
        await using var credited = await Credited.StartAsync(Dollar);
        if (model == "priced-responses")
            credited.Lab.Standing = turn => turn.WholeAsync(Answers.Responses);
        var answer = await credited.Server.PostAsync(path, path.EndsWith("responses", StringComparison.Ordinal)
            ? AskResponses.Replace("priced-responses", model, StringComparison.Ordinal)
            : path.EndsWith("messages", StringComparison.Ordinal) ? Answers.Say(model) : Answers.Ask(model, more: ",\"max_tokens\":64"));
        Assert.Equal((200, Text(Small)), (answer.Status, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal(Small, answer.Json.GetProperty("usage").GetProperty("cost_in_usd_ticks").GetInt64());
        Assert.Equal(Dollar - Small, await credited.BalanceAsync());
        var charge = Assert.Single(await credited.ChargesAsync());
        Assert.Equal((-Small, answer.Header("x-request-id"), model, 3, 1, "reported", "completed"),
            (charge.AmountTicks, charge.RequestId, charge.Model, charge.InputTokens, charge.OutputTokens, charge.UsageSource, charge.Ending));
        await credited.CheckAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions", "priced")]
    [InlineData("/v1/chat/completions", "priced-claude")]
    [InlineData("/v1/messages", "priced-claude")]
    [InlineData("/v1/messages", "priced")]
    [InlineData("/v1/responses", "priced")]
    public async Task A_stream_carries_its_charge_in_its_last_usage_and_never_before_it_is_in_the_balance(string path, string model)
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.StreamAsync(Answers.ChatStream);
        credited.Claude.Standing = turn => turn.StreamAsync(Answers.MessagesStream);
        var cost = model == "priced" ? Small : Small + Credited.Output; // Anthropic's stream reports two tokens
        var answer = await credited.Server.PostAsync(path, path switch
        {
            "/v1/responses" => """{"model":"priced","input":"Hello","max_output_tokens":64,"stream":true}""",
            "/v1/messages" => Answers.Say(model, stream: true),
            _ => Answers.Ask(model, stream: true, more: ",\"stream_options\":{\"include_usage\":true}"),
        });
        Assert.Equal(200, answer.Status);
        Assert.Null(answer.Header("x-milliways-cost-ticks"));
        var told = answer.Text.Split('\n').Where(line => line.Contains("\"cost_in_usd_ticks\"", StringComparison.Ordinal)).ToList();
        Assert.Contains($"\"cost_in_usd_ticks\":{cost}", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal(Dollar - cost, await credited.BalanceAsync());
        await credited.CheckAsync();
    }

    [Fact]
    public async Task An_upstreams_own_cost_is_replaced_by_the_charge()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.WholeAsync(Answers.Chat.Replace("\"total_tokens\":4", "\"total_tokens\":4,\"cost_in_usd_ticks\":999", StringComparison.Ordinal));
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced"));
        Assert.Equal(Answers.Chat.Replace("\"total_tokens\":4", $"\"total_tokens\":4,\"cost_in_usd_ticks\":{Small}", StringComparison.Ordinal), answer.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_call_costs_nothing_and_leaves_no_hold(bool stream)
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.WholeAsync("{}", 500);
        Assert.Equal(500, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced", stream))).Status);
        Assert.Equal(Dollar, await credited.BalanceAsync());
        Assert.Empty(await credited.ChargesAsync());
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_cut_stream_pays_for_what_was_delivered_by_an_estimate_that_says_so()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("123456789"));
        };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced", stream: true)));
        var charge = Assert.Single(await credited.ChargesAsync());
        // "Hello" is two tokens and four for its message; nine bytes are three.
        Assert.Equal((6, 3, "estimated", "upstream_failed", -((6 * Credited.Input) + (3 * Credited.Output))),
            (charge.InputTokens, charge.OutputTokens, charge.UsageSource, charge.Ending, charge.AmountTicks));
        await credited.CheckAsync();
    }

    [Fact]
    public async Task Whatever_an_upstream_reports_no_team_pays_more_than_its_request_could_cost()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.WholeAsync(Answers.Chat.Replace("\"completion_tokens\":1,\"total_tokens\":4", "\"completion_tokens\":900000000,\"total_tokens\":900000003", StringComparison.Ordinal));
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("output-only", more: ",\"max_tokens\":10"));
        Assert.Equal((200, Text(10 * Credited.Output)), (answer.Status, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal(Dollar - (10 * Credited.Output), await credited.BalanceAsync());
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_free_model_serves_a_team_without_credit_and_has_its_usage_row()
    {
        await using var credited = await Credited.StartAsync(0, more: """, "free": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" } }""");
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("free"));
        Assert.Equal((200, "0"), (answer.Status, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal((0, 3), (Assert.Single(await credited.ChargesAsync()).AmountTicks, (await credited.ChargesAsync())[0].InputTokens));
    }

    [Fact]
    public async Task Embeddings_pay_for_their_input()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.WholeAsync("""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"alpha","usage":{"prompt_tokens":7,"total_tokens":7}}""");
        var answer = await credited.Server.PostAsync("/v1/embeddings", """{"model":"priced","input":["Hello"]}""");
        Assert.Equal((200, Text(7 * Credited.Input)), (answer.Status, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal(Dollar - (7 * Credited.Input), await credited.BalanceAsync());
    }

    [Fact]
    public async Task The_attempt_that_answers_decides_the_price_and_one_without_a_price_is_not_made()
    {
        await using var credited = await Credited.StartAsync(Dollar, more: """, "pair": { "attempts": [ { "upstream": "lab", "model": "unpriced" }, { "upstream": "claude", "model": "claude-sonnet-4-6" } ] }""");
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("pair", more: ",\"max_tokens\":64"));
        Assert.Equal((200, "claude/claude-sonnet-4-6", Text((3 * 30_000) + 150_000)), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-cost-ticks")));
        Assert.Empty(credited.Lab.Received);
        await credited.CheckAsync();
    }

    [Fact]
    public async Task An_output_that_was_thrown_away_is_the_operators_cost()
    {
        await using var credited = await Credited.StartAsync(Dollar, more: $$"""
            , "held": { "attempts": [ { "upstream": "lab", "model": "alpha" }, { "upstream": "claude", "model": "claude-x" } ], "holdBackTokens": 50, "price": { "input": "5", "output": "15" } }
            """);
        credited.Lab.Standing = async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("lost") + Answers.Usage);
        };
        credited.Claude.Standing = turn => turn.StreamAsync(Answers.MessagesStream);
        var answer = await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("held", stream: true));
        Assert.Equal((200, "claude/claude-x"), (answer.Status, answer.Header("x-milliways-upstream")));
        Assert.Equal(Dollar - Small - Credited.Output, await credited.BalanceAsync());
        var postings = (await credited.Credits.StatementAsync(Milliways.Teams.OperatorActor.Instance, credited.Server.Server.Team.Account, new(null, null, 0, 10_000), ledger: true, CancellationToken.None)).Postings!;
        Assert.Equal(0, postings.Sum(posting => posting.AmountTicks));
        Assert.Equal(-Small, postings.Single(posting => posting.Account == "operator:discarded").AmountTicks);
    }

    private static string Text(long ticks) => ticks.ToString(CultureInfo.InvariantCulture);
}
