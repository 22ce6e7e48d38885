using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Gemini;

/// <summary>Streams of generateContent (dialects 7, 4.12.7 and its variants).</summary>
public sealed class StreamReaderTests
{
    private const string Signature = "c2lnbmVk+/8=";

    [Fact]
    public void The_trace_gives_these_events_in_this_order()
    {
        var read = GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace));

        var ids = read.Of<ChatEvent.ToolCallStarted>().Select(call => call.Id).ToList();
        ChatEvent[] expected =
        [
            new ChatEvent.Started("abc", "gemini-2.5-pro", 0),
            new ChatEvent.UsageReported(new ChatUsage(10, 4, 0, 3, 3)),
            new ChatEvent.ReasoningDelta(0, "R1"),
            new ChatEvent.ReasoningDelta(0, "R2"),
            new ChatEvent.TextDelta(0, "Hi"),
            new ChatEvent.TextDelta(0, "!"),
            new ChatEvent.ToolCallStarted(0, 0, ids[0], "f"),
            new ChatEvent.ToolCallDelta(0, 0, """{"a":1}"""),
            new ChatEvent.UsageReported(new ChatUsage(10, 4, 0, 20, 6)),
            new ChatEvent.ToolCallStarted(0, 1, ids[1], "g"),
            new ChatEvent.ToolCallDelta(0, 1, "{}"),
            new ChatEvent.Finished(0, StopReason.ToolUse),
            ChatEvent.Completed.Instance,
        ];
        Assert.Equal(expected.Select(each => each.ToString()), read.Events.Select(each => each.ToString()));
        Assert.All(ids, id => Assert.Matches("^[a-zA-Z0-9_-]+$", id));
        Assert.NotEqual(ids[0], ids[1]);
        Assert.Equal((Signature, null), (ToolCallIds.Signature(ids[0]), ToolCallIds.Signature(ids[1])));
    }

    [Fact]
    public void Ids_of_calls_are_the_same_every_time()
    {
        var stream = GeminiWire.Stream(GeminiWire.Trace);
        Assert.Equal(Texts.Of(GeminiWire.Read(stream).Fold), Texts.Of(GeminiWire.Read(stream).Fold));
        var other = GeminiWire.Read(stream.Replace("\"abc\"", "\"abd\"", StringComparison.Ordinal));
        Assert.NotEqual(GeminiWire.Read(stream).Of<ChatEvent.ToolCallStarted>().First().Id, other.Of<ChatEvent.ToolCallStarted>().First().Id);
    }

    [Fact]
    public void Where_the_bytes_are_cut_changes_nothing()
    {
        var stream = GeminiWire.Stream(GeminiWire.Trace).Replace("Hi", "H\u00ef\ud83d\ude80", StringComparison.Ordinal);
        var expected = Texts.Of(GeminiWire.Read(stream).Fold);
        for (var at = 1; at < stream.Length; at++)
            Assert.Equal(expected, Texts.Of(GeminiWire.Read(stream, [at, stream.Length]).Fold));
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(stream, [1]).Fold));
        var lines = stream.Replace("\n", "\r\n", StringComparison.Ordinal);
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(lines, [3]).Fold));
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(stream.Replace("data: ", ": alive\n\ndata:", StringComparison.Ordinal)).Fold));
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(stream.TrimEnd('\n')).Fold));
    }

    [Fact]
    public void Parts_merged_into_one_frame_are_the_same_answer()
    {
        const string Merged = """{"candidates":[{"content":{"role":"model","parts":[{"text":"R1R2","thought":true},{"text":"Hi!"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnbmVk+/8="},{"functionCall":{"name":"g","args":{}}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":14,"cachedContentTokenCount":4,"candidatesTokenCount":14,"thoughtsTokenCount":6},"modelVersion":"gemini-2.5-pro","responseId":"abc"}""";
        var expected = Texts.Of(GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace)).Fold);
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(GeminiWire.Stream(Merged)).Fold));
        // Whole equals the fold of the stream.
        Assert.Equal(expected, Texts.Of(GeminiWire.ReadWhole(Merged).Fold));
    }

    [Fact]
    public void Only_a_finish_reason_makes_an_answer_whole()
    {
        for (var frames = 0; frames < GeminiWire.Trace.Length; frames++)
        {
            var read = GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace.Take(frames)));
            var failed = Assert.IsType<ChatEvent.Failed>(read.Events[^1]);
            Assert.Equal((FailureKind.UpstreamBroken, FailureParty.Upstream, "end"), (failed.Failure.Kind, failed.Failure.Party, failed.Failure.Stage));
        }

        // One candidate of two that has not finished is not the whole answer either.
        var half = """{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","index":0},{"content":{"parts":[{"text":"b"}]},"index":1}]}""";
        Assert.IsType<ChatEvent.Failed>(GeminiWire.Read(GeminiWire.Stream(half)).Events[^1]);
        // Nothing is complete before the body ends: usage and content may follow.
        Assert.DoesNotContain(GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace), properEnd: false).Events, each => each is ChatEvent.Completed or ChatEvent.Finished);
    }

    [Fact]
    public void A_last_frame_sent_twice_counts_once_and_content_behind_a_finish_reason_is_kept()
    {
        var expected = Texts.Of(GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace)).Fold);
        Assert.Equal(expected, Texts.Of(GeminiWire.Read(GeminiWire.Stream([.. GeminiWire.Trace, GeminiWire.Trace[^1]])).Fold));
        // Older models finish every frame.
        static string Frame(string text) => $$$"""{"candidates":[{"content":{"parts":[{"text":"{{{text}}}"}]},"finishReason":"STOP"}]}""";
        Assert.Equal("ab", GeminiWire.Read(GeminiWire.Stream(Frame("a"), Frame("b"))).Fold.Choices[0].Text);
        Assert.Equal("aha ha ha ", GeminiWire.Read(GeminiWire.Stream(Frame("a"), Frame("ha "), Frame("ha "), Frame("ha "))).Fold.Choices[0].Text);
    }

    [Theory]
    [InlineData("""{"promptFeedback":{"blockReason":"SAFETY","safetyRatings":[]},"usageMetadata":{"promptTokenCount":7},"modelVersion":"g"}""", "")]
    [InlineData("""{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","blockReasonMessage":"Not this."},"modelVersion":"g"}""", "Not this.")]
    public void A_blocked_prompt_is_a_refusal_by_the_filter(string frame, string refusal)
    {
        foreach (var read in (Recorder[])[GeminiWire.Read(GeminiWire.Stream(frame)), GeminiWire.ReadWhole(frame)])
        {
            Assert.True(read.Fold.IsComplete);
            var choice = Assert.Single(read.Fold.Choices);
            Assert.Equal(StopReason.ContentFilter, choice.Reason);
            Assert.Equal(refusal, string.Concat(choice.Parts.OfType<ChatPart.Refusal>().Select(part => part.Value)));
        }
    }

    [Theory]
    [InlineData("STOP", StopReason.EndTurn)]
    [InlineData("MAX_TOKENS", StopReason.MaxTokens)]
    [InlineData("SAFETY", StopReason.ContentFilter)]
    [InlineData("RECITATION", StopReason.ContentFilter)]
    [InlineData("BLOCKLIST", StopReason.ContentFilter)]
    [InlineData("PROHIBITED_CONTENT", StopReason.ContentFilter)]
    [InlineData("SPII", StopReason.ContentFilter)]
    [InlineData("IMAGE_SAFETY", StopReason.ContentFilter)]
    [InlineData("MALFORMED_FUNCTION_CALL", StopReason.EndTurn)]
    [InlineData("UNEXPECTED_TOOL_CALL", StopReason.EndTurn)]
    [InlineData("TOO_MANY_TOOL_CALLS", StopReason.EndTurn)]
    [InlineData("SOMETHING_NEW", StopReason.EndTurn)]
    public void Every_finish_reason_has_its_meaning(string word, StopReason reason)
    {
        var frame = $$"""{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"{{word}}"}]}""";
        Assert.Equal(reason, GeminiWire.Read(GeminiWire.Stream(frame)).Fold.Choices[0].Reason);
        Assert.Equal(reason, GeminiWire.ReadWhole(frame).Fold.Choices[0].Reason);
    }

    [Fact]
    public void Calls_that_the_token_limit_cut_are_told_as_cut()
    {
        var read = GeminiWire.Read(GeminiWire.Stream("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"MAX_TOKENS"}]}"""));
        Assert.Equal(StopReason.MaxTokens, read.Fold.Choices[0].Reason);
    }

    [Theory]
    [InlineData("""{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}""", 503)]
    [InlineData("""[{"error":{"code":429,"message":"slowly","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.2s"}]}}]""", 429)]
    [InlineData("""{"error":{"message":"busy","status":"UNAVAILABLE"}}""", 503)]
    public void An_error_in_a_stream_breaks_it_with_its_own_status(string frame, int status)
    {
        var read = GeminiWire.Read(GeminiWire.Stream([.. GeminiWire.Trace.Take(3), frame, GeminiWire.Trace[^1]]));
        var failed = Assert.IsType<ChatEvent.Failed>(read.Events[^1]);
        Assert.Equal((status, "stream"), (failed.Failure.UpstreamStatus, failed.Failure.Stage));
        Assert.Equal(status == 429 ? 35 : null, failed.Failure.RetryAfterSeconds);
        Assert.Equal(status, ((ChatEvent.Failed)GeminiWire.ReadWhole(frame).Events[^1]).Failure.UpstreamStatus);
    }

    [Fact]
    public void One_unreadable_frame_is_passed_over_and_two_are_no_stream()
    {
        Assert.True(GeminiWire.Read(GeminiWire.Stream([GeminiWire.Trace[0], "{oops", .. GeminiWire.Trace.Skip(1)])).Fold.IsComplete);
        Assert.False(GeminiWire.Read(GeminiWire.Stream(["{oops", .. GeminiWire.Trace, "{oops"])).Fold.IsComplete);
        Assert.False(GeminiWire.Read(GeminiWire.Stream([.. GeminiWire.Trace, "{\"candidates\":"])).Fold.IsComplete);
    }

    [Fact]
    public void Unknown_parts_and_members_are_passed_over()
    {
        var read = GeminiWire.Read(GeminiWire.Stream(
            """{"candidates":[{"content":{"parts":[{"executableCode":{"code":"1"}},{"inlineData":{"data":"AA"}},{"text":"a","x":1},7,{"text":5}]},"safetyRatings":[],"finishReason":"STOP"}],"y":[]}"""));
        Assert.Equal(("a", true), (read.Fold.Choices[0].Text, read.Fold.IsComplete));
    }

    [Fact]
    public void Absurd_indexes_and_endless_calls_break_the_answer()
    {
        Assert.NotNull(GeminiWire.Read(GeminiWire.Stream("""{"candidates":[{"index":-1,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}""")).Fold.Failure);
        var calls = string.Join(',', Enumerable.Repeat("""{"functionCall":{"name":"f"}}""", ChatBounds.ToolCalls + 1));
        Assert.NotNull(GeminiWire.ReadWhole($$"""{"candidates":[{"content":{"parts":[{{calls}}]},"finishReason":"STOP"}]}""").Fold.Failure);
    }
}
