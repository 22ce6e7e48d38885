using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>The legacy forms through the front door: no upstream speaks them, so every one can answer (xai-api 1.4, 1.5).</summary>
public sealed class LegacyTests
{
    private const string Prompt = """{"model":"alpha","prompt":"Hi"}""";
    private const string Turns = """{"model":"claude-x","prompt":"\n\nHuman: Hi\n\nAssistant:","max_tokens_to_sample":5}""";

    [Fact]
    public async Task A_completion_is_a_turn_of_chat_and_its_id_is_xais()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var answer = await server.PostAsync("/v1/completions", Prompt);
        Assert.Equal(("text_completion", "Hi", "stop"), (answer.Json.GetProperty("object").GetString(), answer.Json.GetProperty("choices")[0].GetProperty("text").GetString(), answer.Json.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.True(Guid.TryParseExact(answer.Json.GetProperty("id").GetString(), "D", out _));
        Assert.Equal(("/v1/chat/completions", "lab/alpha"), (lab.Last.Target, answer.Header("x-milliways-upstream")));
        Assert.Contains("\"content\":\"Hi\"", lab.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_streamed_completion_ends_with_done_and_a_broken_one_is_torn_after_its_error()
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        var body = Prompt[..^1] + ""","stream":true}""";
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/completions", body);
        Assert.Equal("text/event-stream", (await client.HeadAsync()).Header("Content-Type"));
        var text = await client.RestTextAsync();
        Assert.Contains("\"text\":\"Hi\"", text, StringComparison.Ordinal);
        Assert.EndsWith(Answers.Done, text, StringComparison.Ordinal);

        lab.Standing = turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"));
        await using var broken = await RawClient.ConnectAsync(server);
        await broken.PostAsync("/v1/completions", body);
        await broken.HeadAsync();
        text = await broken.RestTextAsync();
        Assert.Contains("\"error\":", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, broken.End);
    }

    [Fact]
    public async Task Complete_reads_its_turns_and_speaks_Anthropics_errors()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);
        var answer = await server.PostAsync("/v1/complete", Turns);
        Assert.Equal(("completion", "Hi"), (answer.Json.GetProperty("type").GetString(), answer.Json.GetProperty("completion").GetString()!.Trim()));
        Assert.Equal("/v1/messages", claude.Last.Target);
        var wrong = await server.PostAsync("/v1/complete", """{"model":"claude-x"}""");
        Assert.Equal((400, "anthropic"), (wrong.Status, PathTests.DialectOf(wrong.Json)));
    }

    [Theory]
    [InlineData("/completions", Prompt, 200)]
    [InlineData("/complete", Turns, 404)]
    public async Task Both_come_without_v1_too(string path, string body, int status)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(status, (await server.PostAsync(path, body)).Status);
    }
}
