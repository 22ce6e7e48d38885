using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Gemini;

namespace Milliways.Dialects.Tests.Gemini;

/// <summary>Usage, sources, logprobs, candidates and errors of generateContent (dialects 7, 4.11, 4.13).</summary>
public sealed class AnswerTests
{
    [Theory]
    [InlineData("""{"promptTokenCount":14,"cachedContentTokenCount":4,"candidatesTokenCount":14,"thoughtsTokenCount":6,"totalTokenCount":34}""", 10, 4, 20, 6)]
    [InlineData("""{"promptTokenCount":10,"toolUsePromptTokenCount":5,"candidatesTokenCount":1}""", 15, 0, 1, 0)]
    [InlineData("""{"promptTokenCount":3,"cachedContentTokenCount":9,"candidatesTokenCount":1}""", 0, 9, 1, 0)]
    [InlineData("""{"promptTokenCount":-3,"candidatesTokenCount":2,"thoughtsTokenCount":null}""", 0, 0, 2, 0)]
    public void Usage_is_counted_in_buckets_that_hold_nothing_twice(string usage, long input, long cached, long output, long reasoning)
    {
        var read = GeminiWire.ReadWhole($$"""{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{{usage}}}""");
        Assert.Equal(new ChatUsage(input, cached, 0, output, reasoning), read.Fold.Usage);
    }

    [Fact]
    public void Of_running_usage_the_last_counts()
    {
        static string Frame(int count, string end) => $$$"""{"candidates":[{"content":{"parts":[{"text":"a"}]}{{{end}}}}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":{{{count}}}}}""";
        var read = GeminiWire.Read(GeminiWire.Stream(Frame(1, ""), Frame(5, ""), Frame(9, ",\"finishReason\":\"STOP\"")));
        Assert.Equal(new ChatUsage(2, 0, 0, 9, 0), read.Fold.Usage);
        Assert.Null(GeminiWire.ReadWhole("""{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":0}}""").Fold.Usage);
    }

    [Fact]
    public void Grounding_and_citations_are_sources_with_places_in_characters()
    {
        // "ü" is two bytes: byte 3 is character 2.
        var read = GeminiWire.Read(GeminiWire.Stream(
            """{"candidates":[{"content":{"parts":[{"text":"üb"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://early.example"}}]}}]}""",
            """{"candidates":[{"content":{"parts":[{"text":"er"}]},"finishReason":"STOP","citationMetadata":{"citationSources":[{"startIndex":3,"endIndex":5,"uri":"https://c.example"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.example","title":"A"}},{"web":{"uri":"https://b.example"}}],"groundingSupports":[{"segment":{"endIndex":3,"text":"üb"},"groundingChunkIndices":[0,9]}]}}]}"""));
        Assert.Equal(
        [
            new ChatCitation("https://c.example", null, 2, 4),
            new ChatCitation("https://a.example", "A", 0, 2),
            new ChatCitation("https://b.example"),
        ], read.Of<ChatEvent.Cited>().Select(cited => cited.Citation));
        Assert.True(read.Events.FindIndex(each => each is ChatEvent.Cited) < read.Events.FindIndex(each => each is ChatEvent.Finished));
    }

    [Fact]
    public void Logprobs_come_with_their_text()
    {
        var read = GeminiWire.ReadWhole("""{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP","logprobsResult":{"topCandidates":[{"candidates":[{"token":"Hi","logProbability":-0.1},{"token":"Ho","logProbability":-2}]}],"chosenCandidates":[{"token":"Hi","tokenId":5,"logProbability":-0.1}]}}]}""");
        var token = Assert.Single(Assert.Single(read.Of<ChatEvent.TextDelta>()).Logprobs);
        Assert.Equal(("Hi", -0.1), (token.Token, token.Logprob));
        Assert.Equal(["Hi", "Ho"], token.Top.Select(top => top.Token));
    }

    [Fact]
    public void Candidates_are_choices()
    {
        var read = GeminiWire.ReadWhole("""{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS","index":1}]}""");
        Assert.Equal([(0, "a", StopReason.EndTurn), (1, "b", StopReason.MaxTokens)], read.Fold.Choices.Select(choice => (choice.Index, choice.Text, choice.Reason)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html></html>")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"candidates":[]}""")]
    [InlineData("""{"candidates":{}}""")]
    public void What_is_no_answer_is_a_broken_upstream(string body) =>
        Assert.Equal(FailureKind.UpstreamBroken, GeminiWire.ReadWhole(body).Fold.Failure?.Kind);

    [Fact]
    public void Errors_are_read_as_objects_and_as_arrays()
    {
        const string Error = """{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}""";
        foreach (var body in (string[])[Error, "[" + Error + "]"])
        {
            var failure = Read(404, body);
            Assert.Equal((FailureKind.UpstreamRefused, 404, "models/x is not found"), (failure.Kind, failure.UpstreamStatus, failure.Message));
        }
    }

    [Fact]
    public void The_delay_of_a_retry_is_taken_from_the_details_unless_a_header_tells_it()
    {
        const string Body = """{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}""";
        Assert.Equal(34, Read(429, Body).RetryAfterSeconds);
        Assert.Equal(34, Read(429, "[" + Body + "]").RetryAfterSeconds);
        Assert.Equal(60, Read(429, Body.Replace("34s", "3600s", StringComparison.Ordinal)).RetryAfterSeconds);
        Assert.Equal(5, GeminiDialect.Instance.ReadError(429, Encoding.UTF8.GetBytes(Body), "5").RetryAfterSeconds);
        Assert.Null(Read(429, Body.Replace("34s", "soon", StringComparison.Ordinal)).RetryAfterSeconds);
    }

    [Fact]
    public void A_key_that_Google_refuses_is_the_gateways_affair_and_is_never_repeated()
    {
        var failure = Read(400, """{"error":{"code":400,"message":"API key not valid: AIzaSyFAKEFAKEFAKE","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}""");
        Assert.Equal((FailureKind.UpstreamBroken, FailureParty.Gateway), (failure.Kind, failure.Party));
        Assert.DoesNotContain("AIza", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_that_is_too_long_is_told_as_such()
    {
        var failure = Read(400, """{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}""");
        Assert.Equal((FailureKind.ContextExceeded, 1200000L, 1048576L), (failure.Kind, failure.PromptTokens, failure.ContextLimit));
    }

    private static Failure Read(int status, string body) => GeminiDialect.Instance.ReadError(status, Encoding.UTF8.GetBytes(body), null);
}
