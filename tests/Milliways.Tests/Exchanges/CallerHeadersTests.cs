using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>What callers ask of the gateway itself, and names that no header could carry.</summary>
public sealed class CallerHeadersTests
{
    private const string Chat = "/v1/chat/completions";

    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("5s")]
    [InlineData("99999999999")]
    public async Task A_time_that_is_none_is_a_400_that_names_the_header(string value)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var (path, body) in new[] { (Chat, Answers.Ask()), ("/v1/messages", Answers.Say("alpha")) })
        {
            var answer = await server.PostAsync(path, body, (CallerHeaders.Timeout, value));
            Assert.Equal(400, answer.Status);
            Assert.Contains(CallerHeaders.Timeout, answer.Text, StringComparison.Ordinal);
        }
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("true", 400, null)]
    [InlineData("True", 400, null)]
    [InlineData("TRUE", 400, null)]
    [InlineData("False", 200, "seed")]
    [InlineData("1", 400, CallerHeaders.Strict)]
    [InlineData("yes", 400, CallerHeaders.Strict)]
    public async Task Strictness_is_true_or_false_in_any_case_and_anything_else_is_a_400(string value, int status, string? says)
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);

        var answer = await server.PostAsync(Chat, Answers.Ask("claude-x", more: ",\"seed\":7"), (CallerHeaders.Strict, value));

        Assert.Equal(status, answer.Status);
        Assert.Equal(says == CallerHeaders.Strict ? "client, headers" : status == 400 ? "client, body" : null, answer.Header("x-milliways-failed"));
        if (status == 200)
            Assert.Equal(says, answer.Header("x-milliways-dropped"));
        else
            Assert.Contains(says is null ? "cannot express seed" : $"The header {says} must be true or false", answer.Text, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? 1 : 0, claude.Received.Count);
    }

    [Fact]
    public async Task A_callers_time_bounds_the_whole_exchange()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab, clock);

        var asking = server.PostAsync(Chat, Answers.Ask(), (CallerHeaders.Timeout, "3000"));
        var turn = await lab.ArrivalAsync();
        var took = await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60));
        Assert.Equal((504, "upstream, total"), ((await asking).Status, (await asking).Header("x-milliways-failed")));
        await turn.ClosedAsync();
    }

    [Fact]
    public async Task A_retry_that_would_come_too_late_for_the_caller_is_not_waited_for()
    {
        await using var lab = new FakeUpstream(Routed.Status(503, "Retry-After: 5"));
        await using var server = await Routed.StartAsync([lab], new ManualTime());

        var answer = await server.PostAsync(Chat, Answers.Ask("both"), (CallerHeaders.Timeout, "4000"));

        Assert.Equal((503, "5", "1"), (answer.Status, answer.Header("Retry-After"), answer.Header("x-milliways-attempts")));
    }

    [Fact]
    public async Task A_longer_time_than_ours_changes_nothing()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab, clock, ", \"timeouts\": { \"total\": \"5s\" }");

        var asking = server.PostAsync(Chat, Answers.Ask(), (CallerHeaders.Timeout, "60000"));
        await lab.ArrivalAsync();
        var took = await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(59));
    }

    [Fact]
    public async Task Tags_come_back_on_answers_and_refusals_alike()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal("team=search, run=7", (await server.PostAsync(Chat, Answers.Ask(), (CallerHeaders.Tags, "team=search, run=7"))).Header(CallerHeaders.Tags));
        Assert.Equal("t", (await server.PostAsync(Chat, "{", (CallerHeaders.Tags, "t"))).Header(CallerHeaders.Tags));
        Assert.Equal("t", (await server.PostAsync(Chat, Answers.Ask(), (CallerHeaders.Tags, "t"), ("Authorization", "Bearer no"))).Header(CallerHeaders.Tags));
        Assert.Null((await server.PostAsync(Chat, Answers.Ask())).Header(CallerHeaders.Tags));
        var long_ = await server.PostAsync(Chat, Answers.Ask(), (CallerHeaders.Tags, new string('t', 1025)));
        Assert.Equal(400, long_.Status);
        Assert.Contains(CallerHeaders.Tags, long_.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(lab.Received, request => request.Head.Contains("x-milliways", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(false, 200)]
    [InlineData(true, 200)]
    [InlineData(false, 500)]
    public async Task Names_that_no_header_can_carry_are_percent_encoded(bool stream, int status)
    {
        await using var lab = new FakeUpstream(status == 200 ? Routed.GoodAsync : Routed.Status(status));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "实验室": {{TestServer.Lab(lab)}} } }""");

        var answer = await server.PostAsync(Chat, Answers.Ask("实验室/é 1\\n", stream));

        Assert.Equal((status, "%E5%AE%9E%E9%AA%8C%E5%AE%A4/%C3%A9 1%0A"), (answer.Status, answer.Header("x-milliways-upstream")));
        using var sent = System.Text.Json.JsonDocument.Parse(lab.Last.Body);
        Assert.Equal("é 1\n", sent.RootElement.GetProperty("model").GetString());
    }

    [Fact]
    public void Any_text_becomes_a_header_and_plain_text_stays_as_it_is()
    {
        Assert.Equal("lab/a b%20~!", HeaderText.Safe("lab/a b%20~!"));
        Assert.Equal("%00%0D%0A%7F%F0%9F%90%AC%EF%BF%BD", HeaderText.Safe("\0\r\n\u007f🐬\ud800"));
    }
}
