using Milliways.Dialects.Chat;
using Milliways.Dialects.Completions;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Completions;

/// <summary>xai-api 1.4.</summary>
public sealed class CompletionsDialectTests
{
    private static readonly CompletionsDialect Dialect = CompletionsDialect.Instance;

    private static readonly ChatEvent[] Answer =
    [
        new ChatEvent.Started("up", "m", 0),
        new ChatEvent.TextDelta(0, "Hel") { Logprobs = [new TokenLogprob("Hel", -0.5, null) { Top = [new TokenLogprob("Hel", -0.5, null), new TokenLogprob("Hal", -1.5, null)] }] },
        new ChatEvent.TextDelta(0, "lo") { Logprobs = [new TokenLogprob("lo", -0.25, null)] },
        new ChatEvent.Finished(0, StopReason.MaxTokens),
        new ChatEvent.UsageReported(new ChatUsage(3, 0, 0, 2, 0)),
        ChatEvent.Completed.Instance,
    ];

    [Theory]
    [InlineData("\"Once\"")]
    [InlineData("[\"Once\"]")]
    public void A_prompt_is_one_user_turn(string prompt)
    {
        var request = Callers.Read(Dialect, $$"""{"model":"m","prompt":{{prompt}},"max_tokens":8,"n":2,"best_of":2,"stop":"x","seed":7,"logit_bias":{"5":-100},"suffix":"","logprobs":2}""");
        Assert.Equal("User : text Once", Texts.Of(request).Split('\n')[0]);
        Assert.Equal((8, 2, 7L, true, 2, -100f), (request.MaxOutputTokens, request.N, request.Seed, request.Logprobs, request.TopLogprobs, request.LogitBias![5]));
        Assert.Equal(["x"], request.Stop);
        Assert.Empty(request.Other);
    }

    [Theory]
    [InlineData("", "prompt")]
    [InlineData("\"prompt\":\"\",", "prompt")]
    [InlineData("\"prompt\":7,", "prompt")]
    [InlineData("\"prompt\":[\"a\",\"b\"],", "prompt")]
    [InlineData("\"prompt\":[1,2],", "prompt")]
    [InlineData("\"prompt\":[[1,2]],", "prompt")]
    [InlineData("\"prompt\":\"a\",\"suffix\":\"z\",", "suffix")]
    [InlineData("\"prompt\":\"a\",\"best_of\":3,", "best_of")]
    [InlineData("\"prompt\":\"a\",\"echo\":true,\"logprobs\":1,", "echo")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":6,", "logprobs")]
    [InlineData("\"prompt\":\"a\",\"max_tokens\":0,", "max_tokens")]
    public void What_cannot_be_had_is_refused_by_name(string members, string param) =>
        Assert.Equal(param, Callers.Refusal(Dialect, "{" + members + "\"model\":\"m\"}")?.Param);

    [Fact]
    public void A_whole_answer_has_its_text_the_old_logprobs_and_usage() =>
        Assert.Equal("""{"id":"id-1","object":"text_completion","created":1735000000,"model":"m","choices":[{"text":"Hello","index":0,"logprobs":{"tokens":["Hel","lo"],"token_logprobs":[-0.5,-0.25],"top_logprobs":[{"Hel":-0.5,"Hal":-1.5},{}],"text_offset":[0,3]},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}""",
            Callers.Whole(Dialect, Callers.Read(Dialect, """{"model":"m","prompt":"Once","logprobs":2}"""), Answer));

    [Fact]
    public void An_echoed_prompt_begins_the_text_whole_and_streamed_and_for_an_empty_answer_too()
    {
        var request = Callers.Read(Dialect, """{"model":"m","prompt":"Once ","echo":true}""");
        var plain = Answer.Select(each => each is ChatEvent.TextDelta delta ? new ChatEvent.TextDelta(0, delta.Text) : each).ToList();
        Assert.Contains("\"text\":\"Once Hello\"", Callers.Whole(Dialect, request, plain), StringComparison.Ordinal);
        Assert.StartsWith("data: {\"id\":\"id-1\",\"object\":\"text_completion\",\"created\":1735000000,\"model\":\"m\",\"choices\":[{\"text\":\"Once Hel\"", Callers.Stream(Dialect, request, plain), StringComparison.Ordinal);
        Assert.Contains("\"text\":\"Once \"", Callers.Stream(Dialect, request, plain.Where(each => each is not ChatEvent.TextDelta)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_ends_with_its_reason_its_usage_when_asked_and_done()
    {
        var request = Callers.Read(Dialect, """{"model":"m","prompt":"Once","stream":true,"stream_options":{"include_usage":true}}""");
        var frames = Callers.Stream(Dialect, request, Answer)[..^2].Split("\n\n");
        Assert.Equal(5, frames.Length);
        Assert.Contains("\"text\":\"lo\",\"index\":0,\"logprobs\":{\"tokens\":[\"lo\"],\"token_logprobs\":[-0.25],\"top_logprobs\":[{}],\"text_offset\":[3]},\"finish_reason\":null", frames[1], StringComparison.Ordinal);
        Assert.Contains("\"text\":\"\",\"index\":0,\"logprobs\":null,\"finish_reason\":\"length\"", frames[2], StringComparison.Ordinal);
        Assert.Contains("\"choices\":[],\"usage\":{\"prompt_tokens\":3", frames[3], StringComparison.Ordinal);
        Assert.Equal("data: [DONE]", frames[4]);
        Assert.DoesNotContain("usage", Callers.Stream(Dialect, request with { IncludeUsage = false }, Answer), StringComparison.Ordinal);
    }
}
