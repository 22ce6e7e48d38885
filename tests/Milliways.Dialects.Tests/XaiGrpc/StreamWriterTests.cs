using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>What xai-sdk makes of a stream: it overwrites some members with every chunk and appends others (xai-api 3.3).</summary>
public sealed class StreamWriterTests
{
    private static readonly ChatEvent Started = new ChatEvent.Started("up", "u", 1);

    private static ChatEvent.TextDelta Text(string text, int choice = 0) => new ChatEvent.TextDelta(choice, text);

    private static ChatEvent.Finished Finished(StopReason reason = StopReason.EndTurn, int choice = 0) => new ChatEvent.Finished(choice, reason);

    private static ChatEvent.UsageReported Usage(long input, long cached, long output, long reasoning) => new ChatEvent.UsageReported(new ChatUsage(input, cached, 0, output, reasoning));

    [Fact]
    public void Every_chunk_repeats_what_clients_overwrite()
    {
        var chunks = Grpc.Stream([Started, Text("a"), new ChatEvent.ReasoningDelta(0, "r"), Text("b"), Finished(), Usage(5, 2, 9, 4)]);
        Assert.Equal(4, chunks.Count);
        Assert.All(chunks, chunk =>
        {
            Assert.Equal(("id-1", "m", 1735000000, "fp_1"), (chunk.Id, chunk.Model, chunk.Created.Seconds, chunk.SystemFingerprint));
            Assert.True(chunk.Usage.TotalTokens > 0);
            Assert.All(chunk.Outputs, output => Assert.Equal(MessageRole.RoleAssistant, output.Delta.Role));
        });
        Assert.Equal(["a", "", "b", ""], chunks.Select(chunk => chunk.Outputs[0].Delta.Content));
        Assert.Equal(["", "r", "", ""], chunks.Select(chunk => chunk.Outputs[0].Delta.ReasoningContent));
        Assert.Equal(FinishReason.ReasonStop, chunks[^1].Outputs[0].FinishReason);
        Assert.All(chunks.SkipLast(1), chunk => Assert.Equal(FinishReason.ReasonInvalid, chunk.Outputs[0].FinishReason));
    }

    [Fact]
    public void The_last_chunk_has_the_final_usage_with_reasoning_beside_the_completion_and_the_cost()
    {
        var last = Grpc.Stream([Started, Text("a"), Finished(), new ChatEvent.UsageReported(new ChatUsage(5, 2, 1, 9, 4) { Calls = 3 })], ticks: 77)[^1].Usage;
        Assert.Equal((8, 6, 2, 5, 4, 17), (last.PromptTokens, last.PromptTextTokens, last.CachedPromptTextTokens, last.CompletionTokens, last.ReasoningTokens, last.TotalTokens));
        Assert.Equal((3, true, 77L), (last.NumSourcesUsed, last.HasCostInUsdTicks, last.CostInUsdTicks));
        var settled = Grpc.Stream([Started, Text("a"), Finished(), Usage(5, 2, 9, 4)], usage: new ChatUsage(100, 0, 0, 1, 0))[^1].Usage;
        Assert.Equal((100, 1, false), (settled.PromptTokens, settled.CompletionTokens, settled.HasCostInUsdTicks));
    }

    [Fact]
    public void The_running_total_counts_the_pieces_until_the_upstream_tells_and_never_falls()
    {
        var told = Grpc.Stream([Started, new ChatEvent.ReasoningDelta(0, "r"), Text("a"), Text("b"), Usage(7, 0, 20, 5), Text("c"), Finished()]);
        Assert.Equal([(7, 0, 1), (7, 1, 1), (7, 2, 1), (7, 15, 5), (7, 15, 5)], told.Select(chunk => (chunk.Usage.PromptTokens, chunk.Usage.CompletionTokens, chunk.Usage.ReasoningTokens)));
        Assert.Equal(told.Select(chunk => chunk.Usage.TotalTokens).Order(), told.Select(chunk => chunk.Usage.TotalTokens));
    }

    [Fact]
    public void Each_call_comes_once_and_whole_when_its_choice_ends()
    {
        var chunks = Grpc.Stream(
        [
            Started, Text("a"), new ChatEvent.ToolCallStarted(0, 0, "x", "f"), new ChatEvent.ToolCallStarted(0, 1, "y", "g"), new ChatEvent.ToolCallDelta(0, 0, "{\"a\""),
            new ChatEvent.ToolCallDelta(0, 1, "{}"), new ChatEvent.ToolCallDelta(0, 0, ":1}"), new ChatEvent.ToolCallStarted(0, 2, "z", "h"), Finished(StopReason.EndTurn),
        ]);
        Assert.Equal([0, 3, 0], chunks.Select(chunk => chunk.Outputs[0].Delta.ToolCalls.Count));
        Assert.Equal([("x", "f", "{\"a\":1}"), ("y", "g", "{}"), ("z", "h", "{}")], chunks[1].Outputs[0].Delta.ToolCalls.Select(call => (call.Id, call.Function.Name, call.Function.Arguments)));
        Assert.All(chunks[1].Outputs[0].Delta.ToolCalls, call => Assert.Equal(ToolCallType.ClientSideTool, call.Type));
        Assert.Equal(FinishReason.ReasonToolCalls, chunks[^1].Outputs[0].FinishReason);
    }

    [Fact]
    public void Several_answers_keep_their_indexes_and_end_together_in_the_last_chunk()
    {
        var chunks = Grpc.Stream([Started, Text("a"), Text("b", 1), Finished(StopReason.MaxTokens, 1), Text("c"), Finished(), Usage(1, 0, 1, 0)]);
        Assert.Equal([(0, "a"), (1, "b"), (0, "c")], chunks.SkipLast(1).Select(chunk => (chunk.Outputs[0].Index, chunk.Outputs[0].Delta.Content)));
        Assert.Equal([(0, FinishReason.ReasonStop), (1, FinishReason.ReasonMaxLen)], chunks[^1].Outputs.Select(output => (output.Index, output.FinishReason)));
    }

    [Theory]
    [InlineData(StopReason.EndTurn, FinishReason.ReasonStop)]
    [InlineData(StopReason.StopSequence, FinishReason.ReasonStop)]
    [InlineData(StopReason.MaxTokens, FinishReason.ReasonMaxLen)]
    [InlineData(StopReason.ContextFull, FinishReason.ReasonMaxContext)]
    [InlineData(StopReason.ContentFilter, FinishReason.ReasonStop)]
    [InlineData(StopReason.Paused, FinishReason.ReasonStop)]
    public void Ends_have_their_reasons(StopReason reason, FinishReason expected)
    {
        ChatEvent[] events = [Started, Text("a"), Finished(reason), ChatEvent.Completed.Instance];
        Assert.Equal(expected, Grpc.Stream(events)[^1].Outputs[0].FinishReason);
        Assert.Equal(expected, Grpc.Whole(events).Outputs[0].FinishReason);
    }

    [Fact]
    public void An_answer_of_nothing_is_one_chunk_that_ends_it()
    {
        var only = Assert.Single(Grpc.Stream([Started]));
        Assert.Equal((0, FinishReason.ReasonStop, MessageRole.RoleAssistant), (only.Outputs[0].Index, only.Outputs[0].FinishReason, only.Outputs[0].Delta.Role));
    }

    [Fact]
    public void A_refusal_is_what_the_model_said()
    {
        ChatEvent[] events = [Started, new ChatEvent.RefusalDelta(0, "No."), Finished(), ChatEvent.Completed.Instance];
        Assert.Equal("No.", Grpc.Stream(events)[0].Outputs[0].Delta.Content);
        Assert.Equal("No.", Grpc.Whole(events).Outputs[0].Message.Content);
    }

    [Fact]
    public void Sources_are_listed_once_at_the_end_and_their_places_told_when_asked_for()
    {
        ChatEvent[] events =
        [
            Started, Text("abc"), new ChatEvent.Cited(0, new ChatCitation("http://a", "T", 0, 1)), new ChatEvent.Cited(0, new ChatCitation("http://b")),
            new ChatEvent.Cited(0, new ChatCitation("http://a", "T", 2, 3)), Finished(), ChatEvent.Completed.Instance,
        ];
        var plain = Grpc.Stream(events);
        Assert.Equal(2, plain.Count);
        Assert.Empty(plain[0].Citations);
        Assert.Equal(["http://a", "http://b"], plain[^1].Citations);
        Assert.Equal(["http://a", "http://b"], Grpc.Whole(events).Citations);
        Assert.Empty(Grpc.Whole(events).Outputs[0].Message.Citations);

        var asked = Grpc.Request(Grpc.User("\"include\":[\"INCLUDE_OPTION_INLINE_CITATIONS\"]"));
        (string, int, int, string)[] places = [("1", 0, 1, "http://a"), ("1", 2, 3, "http://a")];
        Assert.Equal(places, Grpc.Stream(events, asked).SelectMany(chunk => chunk.Outputs).SelectMany(output => output.Delta.Citations).Select(Place));
        Assert.Equal(places, Grpc.Whole(events, asked).Outputs[0].Message.Citations.Select(Place));

        static (string, int, int, string) Place(InlineCitation citation) => (citation.Id, citation.StartIndex, citation.EndIndex, citation.WebCitation.Url);
    }

    [Fact]
    public void Logprobs_go_with_their_text_bytes_and_all()
    {
        ChatEvent[] events =
        [
            Started, new ChatEvent.TextDelta(0, "é") { Logprobs = [new TokenLogprob("é", -0.5, null) { Top = [new TokenLogprob("e", -1.5, [101])] }] },
            Text("x"), Finished(), ChatEvent.Completed.Instance,
        ];
        var chunks = Grpc.Stream(events);
        Assert.Null(chunks[1].Outputs[0].Logprobs);
        foreach (var logprobs in new[] { chunks[0].Outputs[0].Logprobs, Grpc.Whole(events).Outputs[0].Logprobs })
        {
            var token = Assert.Single(logprobs.Content);
            Assert.Equal(("é", -0.5f, "C3A9"), (token.Token, token.Logprob, Convert.ToHexString(token.Bytes.Span)));
            Assert.Equal(("e", -1.5f, "65"), (token.TopLogprobs[0].Token, token.TopLogprobs[0].Logprob, Convert.ToHexString(token.TopLogprobs[0].Bytes.Span)));
        }
    }

    [Fact]
    public void A_whole_answer_tells_itself_its_usage_and_its_settings()
    {
        var request = Grpc.Request(Grpc.User("""
            "user":"u","max_tokens":9,"temperature":0.7,"top_p":0.5,"reasoning_effort":"EFFORT_HIGH","response_format":{"format_type":"FORMAT_TYPE_JSON_SCHEMA","schema":"{\"type\":\"object\"}"},
            "tools":[{"function":{"name":"f","parameters":"{\"a\":1}"}}],"tool_choice":{"mode":"TOOL_MODE_REQUIRED"},"store_messages":true,"use_encrypted_content":true,
            "include":["INCLUDE_OPTION_INLINE_CITATIONS"],"parallel_tool_calls":false,"service_tier":"SERVICE_TIER_PRIORITY"
            """));
        var answer = Grpc.Whole([Started, new ChatEvent.ReasoningDelta(0, "R"), Text("A"), Finished(), Usage(1, 2, 3, 1), ChatEvent.Completed.Instance], request, 5);
        Assert.Equal(("id-1", "m", 1735000000L, "fp_1", ServiceTier.Priority), (answer.Id, answer.Model, answer.Created.Seconds, answer.SystemFingerprint, answer.ServiceTier));
        Assert.Equal(("A", "R", MessageRole.RoleAssistant), (answer.Outputs[0].Message.Content, answer.Outputs[0].Message.ReasoningContent, answer.Outputs[0].Message.Role));
        Assert.Equal((3, 2, 1, 6, 5L), (answer.Usage.PromptTokens, answer.Usage.CompletionTokens, answer.Usage.ReasoningTokens, answer.Usage.TotalTokens, answer.Usage.CostInUsdTicks));
        Assert.Equal(Grpc.Message<RequestSettings>("""
            {"user":"u","max_tokens":9,"temperature":0.7,"top_p":0.5,"reasoning_effort":"EFFORT_HIGH","response_format":{"format_type":"FORMAT_TYPE_JSON_SCHEMA","schema":"{\"type\":\"object\"}"},
             "tools":[{"function":{"name":"f","parameters":"{\"a\":1}"}}],"tool_choice":{"mode":"TOOL_MODE_REQUIRED"},"store_messages":true,"use_encrypted_content":true,
             "include":["INCLUDE_OPTION_INLINE_CITATIONS"]}
            """), answer.Settings);
    }
}
