using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiChat;

/// <summary>Streams of servers as they are (dialects 4.12.1, 4.10, §5).</summary>
public sealed class StreamReaderTests
{
    private const string Stop = """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string Calls = """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""";

    private static string Delta(string delta) => $$"""{"id":"r1","choices":[{"index":0,"delta":{{delta}}}]}""";

    private static string Tools(string calls) => Delta($$"""{"tool_calls":[{{calls}}]}""");

    private static Recorder Read(params string[] chunks) => Wire.ReadChat(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n");

    private static string Parts(Recorder read) =>
        read.Fold.Failure is { } failure ? "failed: " + failure.Message : read.Fold.Choices[0].Reason + ": " + string.Join(" | ", read.Fold.Choices[0].Parts.Select(Texts.Of));

    [Fact]
    public void Text_reasoning_and_nulls_are_read()
    {
        var read = Read(
            Delta("""{"role":"assistant","content":"","refusal":null,"reasoning_content":null,"tool_calls":null}"""),
            Delta("""{"reasoning_content":"R","content":"T"}"""),
            Delta("""{"reasoning":"S","reasoning_content":"S"}"""),
            Delta("""{"content":null,"tool_calls":[]}"""), Stop);
        Assert.Equal("EndTurn: thinking R  | text T | thinking S ", Parts(read));
    }

    [Theory]
    [InlineData("stop", "EndTurn")]
    [InlineData("length", "MaxTokens")]
    [InlineData("content_filter", "ContentFilter")]
    [InlineData("eos", "EndTurn")]
    [InlineData("end_turn", "EndTurn")]
    [InlineData("max_tokens", "MaxTokens")]
    [InlineData("function_call", "EndTurn")] // and no call was emitted
    [InlineData("tool_calls", "EndTurn")]
    [InlineData("something_new", "EndTurn")]
    public void Finish_reasons_are_mapped(string word, string expected) =>
        Assert.Equal(expected, Read(Delta("""{"content":"x"}"""), Stop.Replace("stop", word, StringComparison.Ordinal)).Fold.Choices[0].Reason.ToString());

    [Theory]
    [InlineData("insufficient_system_resource")]
    [InlineData("error")]
    [InlineData("abort")]
    public void Finish_reasons_that_admit_a_failure_are_failures(string word) =>
        Assert.NotNull(Read(Delta("""{"content":"x"}"""), Stop.Replace("stop", word, StringComparison.Ordinal)).Fold.Failure);

    [Fact]
    public void Calls_although_the_upstream_says_stop_are_tool_use() => // CHK-08, CHK-10
        Assert.StartsWith("ToolUse", Parts(Read(Tools("""{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"""), Stop)), StringComparison.Ordinal);

    [Fact]
    public void A_call_cut_by_the_limit_is_not_told_as_tool_use() =>
        Assert.StartsWith("MaxTokens", Parts(Read(Tools("""{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"""), Stop.Replace("stop", "length", StringComparison.Ordinal))), StringComparison.Ordinal);

    [Theory]
    // As OpenAI does.
    [InlineData("call a f {\"x\":1}", """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}""", """{"index":0,"function":{"arguments":"{\"x\""}}""", """{"index":0,"function":{"arguments":":1}"}}""")]
    // Interleaved indexes.
    [InlineData("call a f {\"x\":1} | call b g {\"y\":2}", """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\""}}""", """{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":":2}"}}""")]
    // The name repeated in every delta.
    [InlineData("call a f {}", """{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}""", """{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}""")]
    // The name in pieces, and first without it (BLK-14).
    [InlineData("call a get_weather {}", """{"index":0,"id":"a","function":{"name":"get_"}}""", """{"index":0,"function":{"name":"weather"}}""", """{"index":0,"function":{"arguments":"{}"}}""")]
    [InlineData("call a f {\"x\":1}", """{"index":0,"id":"a","function":{"arguments":"{\"x\""}}""", """{"index":0,"function":{"name":"f"}}""", """{"index":0,"function":{"arguments":":1}"}}""")]
    // Index 0 for every call.
    [InlineData("call a f {} | call b g {}", """{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}""")]
    // A new id in every delta of one call.
    [InlineData("call a f {\"x\":1}", """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}""", """{"index":0,"id":"zz","function":{"arguments":":1}"}}""")]
    // No index.
    [InlineData("call a f {} | call b g {}", """{"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"id":"b","function":{"name":"g","arguments":"{}"}}""")]
    [InlineData("call a f {\"x\":1}", """{"id":"a","function":{"name":"f","arguments":"{\"x\""}}""", """{"function":{"arguments":":1}"}}""")]
    // No arguments at all (ARG-07), and as an object.
    [InlineData("call a f {}", """{"index":0,"id":"a","function":{"name":"f"}}""")]
    [InlineData("call a f {}", """{"index":0,"id":"a","function":{"name":"f","arguments":null}}""")]
    [InlineData("call a f {\"x\":1}", """{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}""")]
    // The same id twice is made unique (TID-10).
    [InlineData("call a f {} | call a_2 g {}", """{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"a","function":{"name":"g","arguments":"{}"}}""")]
    // Upstream indexes with holes (CHK-01).
    [InlineData("call a f {} | call b g {}", """{"index":3,"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"index":7,"id":"b","function":{"name":"g","arguments":"{}"}}""")]
    public void Calls_are_put_together_however_they_come(string expected, params string[] deltas)
    {
        var read = Read([.. deltas.Select(Tools), Calls]);
        Assert.Equal("ToolUse: " + expected, Parts(read));
        MessagesGrammar.Check(Wire.WriteMessages(read.Events));
    }

    [Fact]
    public void Calls_without_ids_get_the_same_ids_every_time() // TID-09
    {
        string[] chunks = [Tools("""{"index":0,"function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"g","arguments":"{}"}}"""), Calls];
        var first = Read(chunks).Of<ChatEvent.ToolCallStarted>().Select(call => call.Id).ToList();
        Assert.Equal(first, Read(chunks).Of<ChatEvent.ToolCallStarted>().Select(call => call.Id));
        Assert.Equal(2, first.Distinct().Count());
        Assert.All(first, id => Assert.StartsWith("call_", id, StringComparison.Ordinal));
    }

    [Fact]
    public void A_deprecated_function_call_is_a_call() =>
        Assert.Matches("^ToolUse: call call_[0-9a-f]+ f {\"x\":1}$", Parts(Read(Delta("""{"function_call":{"name":"f","arguments":"{\"x\""}}"""), Delta("""{"function_call":{"arguments":":1}"}}"""), Stop.Replace("stop", "function_call", StringComparison.Ordinal))));

    [Fact]
    public void A_full_message_in_place_of_a_delta_is_read_and_never_twice() // CHK-09
    {
        const string Message = """{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}""";
        Assert.Equal("EndTurn: text Hi", Parts(Read(Message)));
        Assert.Equal("EndTurn: text Hi", Parts(Read(Delta("""{"content":"Hi"}"""), Message)));
    }

    [Fact]
    public void Content_in_the_finish_chunk_counts() =>
        Assert.Equal("EndTurn: text Hi!", Parts(Read(Delta("""{"content":"Hi"}"""), """{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}]}""")));

    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}""")] // after
    [InlineData("""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}""")] // with
    public void Usage_counts_after_the_finish_or_with_it(string chunk)
    {
        var read = Read(Delta("""{"content":"x"}"""), Stop, chunk);
        Assert.Equal(new ChatUsage(5, 0, 0, 7, 0), read.Fold.Usage);
        Assert.True(read.Fold.IsComplete);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":14,"completion_tokens":20,"total_tokens":34,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":6}}""", 10, 4, 0, 20, 6)]
    [InlineData("""{"prompt_tokens":14,"completion_tokens":14,"total_tokens":34,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":6}}""", 10, 4, 0, 20, 6)] // xAI
    [InlineData("""{"prompt_tokens":2600,"completion_tokens":1,"total_tokens":2601,"prompt_tokens_details":{"cached_tokens":2000,"cache_write_tokens":400}}""", 200, 2000, 400, 1, 0)]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":9}}""", 0, 9, 0, 1, 0)]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}""", 3, 0, 0, 1, 0)] // USG-09
    [InlineData("""{"prompt_tokens":-3,"completion_tokens":1e300,"total_tokens":4}""", 0, 0, 0, 1000000000000, 0)]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":5,"prompt_cache_hit_tokens":2}""", 1, 2, 0, 5, 0)]
    [InlineData("""{"input_tokens":9,"output_tokens":5,"cache_read_input_tokens":2,"cache_creation_input_tokens":3,"reasoning_tokens":1}""", 4, 2, 3, 5, 1)]
    [InlineData("""{"prompt_tokens":"3","input_tokens":4,"completion_tokens":[5],"output_tokens":{"a":{"prompt_tokens":8}},"prompt_tokens_details":[{"cached_tokens":1}]}""", 4, 0, 0, 0, 0)] // what is no number is not told
    [InlineData("""{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":2},"prompt_tokens_details":{},"prompt\u005ftokens":5}""", 5, 0, 0, 0, 0)] // the last counts, however it is written
    [InlineData("""{"prompt_tokens":3,"completion_tokens_details":{"reasoning_tokens":4,"x":[{}]},"completion_tokens_details":7,"completion_tokens":2}""", 3, 0, 0, 2, 0)]
    public void Usage_is_split_into_buckets(string usage, long input, long read, long write, long output, long reasoning) =>
        Assert.Equal(new ChatUsage(input, read, write, output, reasoning), Read(Delta("""{"content":"x"}"""), Stop, $$"""{"choices":[],"usage":{{usage}}}""").Fold.Usage);

    [Fact]
    public void Zero_usage_on_every_chunk_is_no_usage_and_the_last_real_one_counts() // USG-07
    {
        const string Zero = ",\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}";
        Assert.Null(Read(Delta("""{"content":"x"}""")[..^1] + Zero, Stop).Fold.Usage);
        var growing = Enumerable.Range(1, 3).Select(count => Delta("""{"content":"x"}""")[..^1] + $",\"usage\":{{\"prompt_tokens\":5,\"completion_tokens\":{count},\"total_tokens\":{5 + count}}}}}");
        Assert.Equal(new ChatUsage(5, 0, 0, 3, 0), Read([.. growing, Stop]).Fold.Usage);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Overloaded","type":"overloaded_error","code":529}}""", FailureKind.UpstreamRefused)]
    [InlineData("""{"error":{"message":"boom","type":"odd"}}""", FailureKind.UpstreamBroken)]
    [InlineData("""{"error":"text"}""", FailureKind.UpstreamBroken)]
    [InlineData("""{"code":"The service is currently unavailable","error":"xAI"}""", FailureKind.UpstreamBroken)]
    [InlineData("""{"object":"error","message":"vLLM","type":"BadRequestError","code":400}""", FailureKind.UpstreamRefused)]
    [InlineData("""{"choices":[],"error":{"message":"beside choices"}}""", FailureKind.UpstreamBroken)] // ERR-02
    [InlineData("""{"error":{"message":"This model's maximum context length is 100 tokens. However, your messages resulted in 200 tokens.","code":"context_length_exceeded"}}""", FailureKind.ContextExceeded)]
    public void An_error_inside_a_stream_fails_it(string chunk, FailureKind kind)
    {
        Assert.Equal(kind, Read(chunk).Fold.Failure?.Kind); // ERR-11
        Assert.Equal(kind, Read(Delta("""{"content":"x"}"""), chunk, Stop).Fold.Failure?.Kind);
    }

    [Fact]
    public void An_event_named_error_fails_the_stream() =>
        Assert.Equal("boom", Wire.ReadChat("event: error\ndata: {\"message\":\"boom\"}\n\n").Fold.Failure?.Message);

    [Fact]
    public void An_end_without_a_finish_reason_is_a_failure() // ERR-07, ERR-08
    {
        Assert.NotNull(Read(Delta("""{"content":"x"}""")).Fold.Failure);
        Assert.NotNull(Wire.ReadChat("data: " + Delta("""{"content":"x"}""") + "\n\n").Fold.Failure);
        Assert.NotNull(Wire.ReadChat("").Fold.Failure);
        Assert.NotNull(Wire.ReadChat("data: [DONE]\n\n").Fold.Failure);
        Assert.NotNull(Wire.ReadChat("<html>no</html>").Fold.Failure);
        // Of two choices only one has ended.
        Assert.NotNull(Read("""{"choices":[{"index":1,"delta":{"content":"y"}}]}""", Delta("""{"content":"x"}"""), Stop).Fold.Failure);
    }

    [Fact]
    public void A_finish_reason_and_a_proper_end_are_enough() =>
        Assert.True(Wire.ReadChat($"data: {Delta("""{"content":"x"}""")}\n\ndata: {Stop}").Fold.IsComplete);

    [Fact]
    public void A_torn_connection_fails_even_after_a_finish_reason()
    {
        var (reader, sink) = (new Dialects.OpenAiChat.StreamReader(), new Recorder());
        Wire.Frames(System.Text.Encoding.UTF8.GetBytes($"data: {Delta("""{"content":"x"}""")}\n\ndata: {Stop}\n\n"), null, (in frame) => reader.Read(frame, sink));
        reader.Torn(sink, Failure.Broken("stream", "torn"));
        reader.EndOfBody(sink);
        Assert.Equal("torn", sink.Fold.Failure?.Message);
    }

    [Fact]
    public void One_broken_frame_is_skipped_but_not_at_the_end_and_not_two()
    {
        Assert.True(Read(Delta("""{"content":"x"}"""), "{\"choices\":[{", Stop).Fold.IsComplete);
        Assert.NotNull(Wire.ReadChat($"data: {Stop}\n\ndata: {{\"choi").Fold.Failure);
        Assert.NotNull(Read("{", "{", Stop).Fold.Failure);
    }

    [Fact]
    public void What_comes_after_the_end_is_dropped() // ERR-09
    {
        var read = Wire.ReadChat($"data: {Delta("""{"content":"x"}""")}\n\ndata: {Stop}\n\ndata: [DONE]\n\ndata: {Delta("""{"content":"late"}""")}\n\n");
        Assert.Equal("EndTurn: text x", Parts(read));
    }

    [Fact]
    public void A_choice_or_a_call_beyond_the_bounds_breaks_the_answer()
    {
        Assert.NotNull(Read("""{"choices":[{"index":100000000,"delta":{"content":"x"}}]}""", Stop).Fold.Failure);
        var many = string.Join(',', Enumerable.Range(0, 200).Select(index => $$$"""{"index":{{{index}}},"id":"i{{{index}}}","function":{"name":"f","arguments":"{}"}}"""));
        Assert.NotNull(Read(Tools(many), Calls).Fold.Failure);
    }

    [Fact]
    public void The_matched_stop_text_of_vllm_is_kept()
    {
        var read = Read("""{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}""");
        Assert.Equal((StopReason.StopSequence, "END"), (read.Fold.Choices[0].Reason, read.Fold.Choices[0].StopSequence));
    }

    [Fact]
    public void Half_a_surrogate_pair_does_not_throw() =>
        Assert.Equal("EndTurn: text \uFFFDx", Parts(Read(Delta("""{"content":"\ud83dx"}"""), Stop)));

    [Theory]
    [InlineData("<html>login</html>")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"object":"chat.completion"}""")]
    [InlineData("""{"error":{"message":"no"}}""")]
    [InlineData("""{"code":"x","error":"no"}""")]
    [InlineData("""{"detail":"no"}""")]
    public void A_200_that_is_no_answer_fails(string body) => Assert.NotNull(Wire.ReadChatAnswer(body).Fold.Failure);

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void A_whole_answer_without_a_finish_reason_is_told_by_its_content(string reason)
    {
        var body = $$$"""{"id":"x","choices":[{"index":0,"finish_reason":{{{reason}}},"message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}""";
        Assert.Equal("ToolUse: call a f {}", Parts(Wire.ReadChatAnswer(body)));
    }

    [Fact]
    public void Bytes_that_are_not_utf_8_do_not_throw()
    {
        var (reader, sink) = (new Dialects.OpenAiChat.StreamReader(), new Recorder());
        reader.Read([.. "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a"u8, 0x80, .. "\"},\"finish_reason\":\"stop\"}]}"u8], sink);
        reader.EndOfBody(sink);
        Assert.Equal("a\uFFFD", sink.Fold.Choices[0].Text);
    }
}
