using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Chat streams as Messages streams (dialects 5.1): each name is what must hold, each id the report of where it did not.</summary>
public sealed class ToMessagesStreamTests
{
    private static string Delta(string delta) => $$"""{"id":"r","model":"u","choices":[{"index":0,"delta":{{delta}}}]}""";

    private static string Finish(string reason) => $$"""{"id":"r","choices":[{"index":0,"delta":{},"finish_reason":"{{reason}}"}]}""";

    private static string Cross(params string[] chunks)
    {
        var stream = Wire.WriteMessages(Wire.ReadChat(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n").Events);
        MessagesGrammar.Check(stream);
        return stream;
    }

    /// <summary>The blocks a client puts together.</summary>
    private static string Blocks(string stream) => string.Join(" | ", Wire.ReadMessages(stream).Fold.Choices[0].Parts.Select(part =>
        Texts.Of(part is ChatPart.Thinking thinking ? thinking with { Signature = null } : part).Trim()));

    private static int Times(string stream, string what) => stream.Split(what).Length - 1;

    [Fact]
    public void One_message_start_and_thinking_in_a_block_of_its_own() // BLK-01, BLK-07 sglang#26795
    {
        var stream = Cross(Delta("""{"role":"assistant","content":""}"""), Delta("""{"role":"assistant","reasoning":"R1"}"""), Delta("""{"reasoning":"R2"}"""), Delta("""{"content":"T"}"""), Finish("stop"));
        Assert.Equal(1, Times(stream, "event: message_start"));
        Assert.Equal("thinking R1R2 | text T", Blocks(stream));
    }

    [Fact]
    public void The_first_token_of_each_block_is_there() // BLK-02 litellm#25212
        => Assert.Equal("thinking a | text b | call c f {\"x\":1} | text d", Blocks(Cross(
            Delta("""{"reasoning_content":"a"}"""), Delta("""{"content":"b"}"""), Delta("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x\":1}"}}]}"""), Delta("""{"content":"d"}"""), Finish("tool_calls"))));

    [Fact]
    public void Reasoning_alone_is_a_thinking_block_whole_and_streamed() // BLK-03 litellm#29518
    {
        Assert.Equal("thinking R", Blocks(Cross(Delta("""{"reasoning_content":"R"}"""), Finish("stop"))));
        var whole = Wire.ReadChatAnswer("""{"choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning_content":"R"},"finish_reason":"stop"}]}""");
        Assert.StartsWith("""{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"R","signature":"mw-""", Wire.WriteMessage(whole.Fold), StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_ends_as_tool_use_without_an_empty_text_block_beside_it() // BLK-04 litellm#34692
    {
        var stream = Cross(Delta("""{"role":"assistant","content":""}"""), Delta("""{"content":null,"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"""), Finish("stop"));
        Assert.Equal("call c f {}", Blocks(stream));
        Assert.DoesNotContain("\"type\":\"text\"", stream, StringComparison.Ordinal);
        Assert.Contains("\"stop_reason\":\"tool_use\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_of_different_kinds_never_share_an_index() // BLK-09 ollama#14825, BLK-10 new-api#2695
    {
        var stream = Cross(Delta("""{"reasoning_content":"R"}"""), Delta("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"""), Finish("tool_calls"));
        Assert.Contains("""{"type":"content_block_start","index":0,"content_block":{"type":"thinking",""", stream, StringComparison.Ordinal);
        Assert.Contains("""{"type":"content_block_start","index":1,"content_block":{"type":"tool_use",""", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_stream_ends_with_its_block_its_reason_and_its_stop() // BLK-11 new-api#4697
    {
        var names = Cross(Delta("""{"content":"T"}"""), Finish("stop")).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(frame => frame.Split('\n')[0]["event: ".Length..]);
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], names.TakeLast(3));
    }

    [Fact]
    public void Interleaved_parallel_calls_are_all_there_each_whole_and_closed() // BLK-19 bifrost#3441
    {
        static string Piece(int index, string text) => Delta($$$"""{"tool_calls":[{"index":{{{index}}},"function":{"arguments":"{{{text}}}"}}]}""");
        var stream = Cross(
            Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":""}},{"index":2,"id":"c","function":{"name":"h","arguments":""}}]}"""),
            Piece(1, "{\\\"y\\\""), Piece(0, "{\\\"x\\\""), Piece(2, "{}"), Piece(1, ":2}"), Piece(0, ":1}"), Finish("tool_calls"));
        Assert.Equal("call a f {\"x\":1} | call b g {\"y\":2} | call c h {}", Blocks(stream));
        Assert.Contains("\"stop_reason\":\"tool_use\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_told_twice_is_one_and_a_call_of_nothing_is_none() // BLK-21 cliproxyapi++#484
    {
        const string Call = """{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}""";
        var repeated = """{"choices":[{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}""";
        Assert.Equal("call a f {}", Blocks(Cross(Delta(Call), repeated)));
        Assert.Equal("text T", Blocks(Cross(Delta("""{"content":"T","tool_calls":[{"index":0,"id":"a","function":{"name":"","arguments":""}}]}"""), Finish("stop"))));
    }

    [Fact]
    public void An_upstream_s_error_in_the_middle_is_an_error_event() // ERR-04 envoy#2697
    {
        var read = Wire.ReadChat($"data: {Delta("""{"content":"T"}""")}\n\ndata: {{\"error\":{{\"message\":\"boom\",\"type\":\"overloaded_error\",\"code\":529}}}}\n\n");
        var stream = Wire.WriteMessages(read.Events);
        Assert.Contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"boom\"}", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("message_delta", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_stands_in_the_start_of_a_call_only_and_empty() // ARG-12 ollama#15105
    {
        var stream = Cross(Delta("""{"content":"T"}"""), Delta("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x\":1}"}}]}"""), Finish("tool_calls"));
        Assert.Equal(1, Times(stream, "\"input\":"));
        Assert.Contains("\"name\":\"f\",\"input\":{}}", stream, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("functions.Bash:0")] // TID-03 ClawRouter#17
    [InlineData("call|1 ü")] // TID-04 bifrost#5096, litellm#21114
    public void Ids_out_of_any_server_fit_anthropic_s_pattern_and_come_back_to_their_call(string id)
    {
        var stream = Cross(Delta($$$"""{"tool_calls":[{"index":0,"id":"{{{id}}}","function":{"name":"f","arguments":"{}"}}]}"""), Finish("tool_calls"));
        var seen = Wire.ReadMessages(stream).Of<ChatEvent.ToolCallStarted>().Single().Id;
        Assert.Matches("^[a-zA-Z0-9_-]+$", seen);
        Assert.Equal(seen, ToolCallIds.ForAnthropic(seen));
    }
}
