using System.Buffers;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>xAI over gRPC as an upstream.</summary>
public sealed class UpstreamTests
{
    private static byte[] Chunk(string outputs, string more = "") => Grpc.Message<GetChatCompletionChunk>($$"""{"id":"i","model":"u","created":"1970-01-01T00:00:09Z","system_fingerprint":"fp","outputs":[{{outputs}}]{{more}}}""").ToByteArray();

    [Fact]
    public void A_request_is_one_frame_and_the_same_bytes_each_time()
    {
        var request = Requests.ReadChat("""
            {"model":"x","messages":[{"role":"system","content":"S"},{"role":"user","content":"Q","name":"n"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]},
              {"role":"tool","tool_call_id":"a","content":"1"}],"top_k":3,"min_p":0.1,"logit_bias":{"1":2},"verbosity":"low","prompt_cache_key":"k","seed":99999999999,"service_tier":"flex",
              "search_parameters":{"mode":"on","return_citations":false,"from_date":"2025-01-02","sources":[{"type":"web","allowed_websites":["a"],"safe_search":false},{"type":"x","x_handles":["h"]},{"type":"odd"}]},"odd":1}
            """).Value!;
        var dropped = new SortedSet<string>(StringComparer.Ordinal);
        var (first, second) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        Assert.Null(GrpcUpstream.Instance.WriteRequest(request, new UpstreamTarget("grok"), first, dropped));
        Assert.Null(GrpcUpstream.Instance.WriteRequest(request, new UpstreamTarget("grok"), second, []));
        Assert.Equal(Convert.ToHexString(first.WrittenSpan), Convert.ToHexString(second.WrittenSpan));
        Assert.Equal(["logit_bias", "min_p", "odd", "prompt_cache_key", "seed", "service_tier", "top_k", "verbosity"], dropped);
        Assert.Equal(Grpc.Message<GetCompletionsRequest>("""
            {"model":"grok","n":1,"messages":[{"role":"ROLE_SYSTEM","content":[{"text":"S"}]},{"role":"ROLE_USER","name":"n","content":[{"text":"Q"}]},
              {"role":"ROLE_ASSISTANT","content":[{"text":""}],"tool_calls":[{"id":"a","type":"TOOL_CALL_TYPE_CLIENT_SIDE_TOOL","function":{"name":"f","arguments":"{}"}}]},{"role":"ROLE_TOOL","tool_call_id":"a","content":[{"text":"1"}]}],
              "search_parameters":{"mode":"ON_SEARCH_MODE","from_date":"2025-01-02T00:00:00Z","sources":[{"web":{"allowed_websites":["a"]}},{"x":{"included_x_handles":["h"]}}]}}
            """), GetCompletionsRequest.Parser.ParseFrom(Assert.Single(Grpc.Frames(first.WrittenSpan))));
    }

    [Theory]
    [InlineData("""{"model":"x","messages":[{"role":"user","content":"Q"}],"stop":["1","2","3","4","5","6","7","8","9"]}""", "stop")]
    [InlineData("""{"model":"x","messages":[{"role":"user","content":"Q"}],"web_search_options":{}}""", "web_search_options")]
    [InlineData("""{"model":"x","messages":[{"role":"user","content":""}]}""", "messages")]
    [InlineData("""{"model":"x","messages":[{"role":"user","content":[{"type":"text","text":"Q"},{"type":"file","file":{"file_id":"file-1"}}]}]}""", "messages")]
    public void What_the_caller_would_miss_is_refused(string json, string place) =>
        Assert.Equal(place, GrpcUpstream.Instance.WriteRequest(Requests.ReadChat(json).Value!, new UpstreamTarget("m"), new ArrayBufferWriter<byte>(), [])?.Param);

    [Fact]
    public void A_failed_result_says_so()
    {
        ChatMessage[] turns =
        [
            new(ChatRole.User, [new ChatPart.Text("Q")]), new(ChatRole.Assistant, [new ChatPart.Thinking("T", "s"), new ChatPart.ToolCall("a", "f", "{}")]),
            new(ChatRole.Tool, [new ChatPart.ToolResult("a", [new ChatPart.Text("no")], IsError: true)]),
        ];
        var message = Dialects.XaiGrpc.RequestWriter.Write(new ChatRequest { Model = "m", Messages = turns }, new UpstreamTarget("m"), []).Value!;
        Assert.Equal("Error: no", string.Concat(message.Messages[2].Content.Select(part => part.Text)));
        Assert.Equal("T", message.Messages[1].ReasoningContent);
    }

    [Fact]
    public void A_stream_is_events_in_order_with_its_facts()
    {
        var sink = Grpc.ReadStream(
        [
            Chunk("""{"delta":{"role":"ROLE_ASSISTANT","reasoning_content":"R"}}"""),
            Chunk("""{"delta":{"role":"ROLE_ASSISTANT","content":"A","tool_calls":[{"function":{"name":"f"}}]},"logprobs":{"content":[{"token":"A","logprob":-0.7,"bytes":"QQ=="}]}}"""),
            Chunk("""{"delta":{"role":"ROLE_ASSISTANT","citations":[{"id":"1","start_index":0,"end_index":1,"web_citation":{"url":"http://a"}},{"id":"2","x_citation":{"url":"http://x"}},{"id":"3","collections_citation":{"file_id":"f"}}]},"finish_reason":"REASON_STOP"}""",
                ""","citations":["http://a","http://b"],"usage":{"prompt_tokens":9,"cached_prompt_text_tokens":4,"completion_tokens":3,"reasoning_tokens":2,"num_sources_used":1}"""),
        ]);
        Assert.Equal(new ChatEvent.Started("i", "u", 9) { Fingerprint = "fp" }, sink.Events[0]);
        var choice = Assert.Single(sink.Fold.Choices);
        Assert.Equal(StopReason.ToolUse, choice.Reason);
        Assert.Equal(["thinking R ", "text A", $"call {((ChatPart.ToolCall)choice.Parts[2]).Id} f {{}}"], choice.Parts.Select(Texts.Of));
        Assert.StartsWith("call_", ((ChatPart.ToolCall)choice.Parts[2]).Id, StringComparison.Ordinal);
        Assert.Equal([("http://a", 1), ("http://x", 0), ("http://b", null)], sink.Of<ChatEvent.Cited>().Select(cited => (cited.Citation.Url, cited.Citation.EndIndex)));
        Assert.Equal(-0.7, sink.Of<ChatEvent.TextDelta>().Single().Logprobs.Single().Logprob);
        Assert.Equal(new ChatUsage(5, 4, 0, 5, 2) { Calls = 1 }, sink.Fold.Usage);
        Assert.True(sink.Fold.IsComplete);
    }

    [Fact]
    public void Turns_of_the_server_s_tools_are_not_answers_of_their_own()
    {
        var sink = Grpc.ReadStream(
        [
            Chunk("""{"index":0,"delta":{"role":"ROLE_ASSISTANT","tool_calls":[{"id":"w","type":"TOOL_CALL_TYPE_WEB_SEARCH_TOOL","function":{"name":"web_search","arguments":"{}"}}]}}"""),
            Chunk("""{"index":0,"delta":{"role":"ROLE_ASSISTANT"},"finish_reason":"REASON_TOOL_CALLS"}"""),
            Chunk("""{"index":1,"delta":{"role":"ROLE_TOOL","content":"found"}}"""),
            Chunk("""{"index":2,"delta":{"role":"ROLE_ASSISTANT","content":"A"},"finish_reason":"REASON_STOP"}"""),
        ]);
        Assert.Equal("choice 0 EndTurn", Texts.Of(sink.Fold).Split('\n')[0].TrimEnd());
        Assert.Equal("A", Assert.Single(sink.Fold.Choices).Text);
    }

    public static TheoryData<string> Broken { get; } =
    [
        """{"index":-1,"delta":{"content":"A"},"finish_reason":"REASON_STOP"}""",
        """{"index":128,"delta":{"content":"A"},"finish_reason":"REASON_STOP"}""",
        """{"delta":{"tool_calls":[{"id":"a"}]},"finish_reason":"REASON_STOP"}""",
        """{"delta":{"tool_calls":[{"id":"a","function":{}}]},"finish_reason":"REASON_STOP"}""",
        """{"delta":{"content":"A"}}""",
        """{"delta":{"content":"A"},"finish_reason":"REASON_STOP"},{"index":1,"delta":{"content":"B"}}""",
        """{"delta":{"tool_calls":[CALLS]},"finish_reason":"REASON_STOP"}""".Replace("CALLS", string.Join(',', Enumerable.Repeat("""{"function":{"name":"f"}}""", 129)), StringComparison.Ordinal),
        "",
    ];

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_cannot_be_or_has_no_end_is_broken(string outputs)
    {
        Assert.Equal(FailureKind.UpstreamBroken, Grpc.ReadStream([Chunk(outputs)]).Fold.Failure?.Kind);
        var whole = outputs.Replace("\"delta\"", "\"message\"", StringComparison.Ordinal);
        Assert.Equal(FailureKind.UpstreamBroken, Grpc.ReadAnswer(Grpc.Message<GetChatCompletionResponse>($$"""{"id":"i","outputs":[{{whole}}]}""").ToByteArray()).Fold.Failure?.Kind);
    }

    [Fact]
    public void Bytes_that_are_no_chunk_break_the_answer_once()
    {
        var sink = Grpc.ReadStream([[0xFF, 0xFF], Chunk("""{"delta":{"content":"A"},"finish_reason":"REASON_STOP"}""")]);
        Assert.IsType<ChatEvent.Failed>(Assert.Single(sink.Events));
        Assert.IsType<ChatEvent.Failed>(Assert.Single(Grpc.ReadAnswer([0xFF]).Events));
    }

    [Theory]
    [InlineData("REASON_MAX_LEN", StopReason.MaxTokens)]
    [InlineData("REASON_TIME_LIMIT", StopReason.MaxTokens)]
    [InlineData("REASON_MAX_CONTEXT", StopReason.ContextFull)]
    [InlineData("REASON_TOOL_CALLS", StopReason.EndTurn)] // without a call
    [InlineData("REASON_STOP", StopReason.EndTurn)]
    public void Reasons_are_read(string reason, StopReason expected) =>
        Assert.Equal(expected, Grpc.ReadStream([Chunk($$"""{"delta":{"content":"A"},"finish_reason":"{{reason}}"}""")]).Fold.Choices[0].Reason);
}
