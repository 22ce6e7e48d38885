using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Anthropic;

/// <summary>Messages streams as they come (dialects 2.11, 4.11, 4.12.2, §5).</summary>
public sealed class StreamReaderTests
{
    private const string Stop = """{"type":"message_stop"}""";
    private const string End = """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}""";

    private static string Start(string usage = """{"input_tokens":10,"output_tokens":1}""") =>
        $$$"""{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"c","content":[],"usage":{{{usage}}}}}""";

    private static string Block(int index, string block) => $$"""{"type":"content_block_start","index":{{index}},"content_block":{{block}}}""";

    private static string Delta(int index, string delta) => $$"""{"type":"content_block_delta","index":{{index}},"delta":{{delta}}}""";

    private static string Close(int index) => $$"""{"type":"content_block_stop","index":{{index}}}""";

    private static Recorder Read(params string[] events) => Wire.ReadMessages(string.Concat(events.Select(data =>
    {
        var type = Dice.Json(data).GetProperty("type").GetString();
        return $"event: {type}\ndata: {data}\n\n";
    })));

    private static string Parts(Recorder read) =>
        read.Fold.Failure is { } failure ? "failed: " + failure.Message : read.Fold.Choices[0].Reason + ": " + string.Join(" | ", read.Fold.Choices[0].Parts.Select(Texts.Of));

    [Fact]
    public void Every_kind_of_block_is_read_in_order()
    {
        var read = Read(Start(),
            Block(0, """{"type":"thinking","thinking":"","signature":""}"""), Delta(0, """{"type":"thinking_delta","thinking":"T"}"""), Delta(0, """{"type":"signature_delta","signature":"S"}"""), Close(0),
            Block(1, """{"type":"redacted_thinking","data":"D"}"""), Close(1),
            Block(2, """{"type":"text","text":""}"""), Delta(2, """{"type":"text_delta","text":"Hi"}"""), Delta(2, """{"type":"citations_delta","citation":{}}"""), Close(2),
            Block(3, """{"type":"tool_use","id":"t1","name":"f","input":{}}"""), Delta(3, """{"type":"input_json_delta","partial_json":""}"""), Delta(3, """{"type":"input_json_delta","partial_json":"{\"a\":1}"}"""), Close(3),
            End.Replace("end_turn", "tool_use", StringComparison.Ordinal), Stop);
        Assert.Equal("ToolUse: thinking T S | redacted D | text Hi | call t1 f {\"a\":1}", Parts(read)); // CHK-04: no leading {}
        Assert.Equal(0, read.Of<ChatEvent.ToolCallStarted>().Single().Index); // CHK-01
    }

    [Theory]
    [InlineData("""{"type":"tool_use","id":"t","name":"f","input":{}}""", "{}")] // ARG-07
    [InlineData("""{"type":"tool_use","id":"t","name":"f","input":{"a": 1.50}}""", "{\"a\":1.50}")] // CHK-16
    public void A_call_without_deltas_has_its_start_s_input(string block, string arguments) =>
        Assert.Equal("ToolUse: call t f " + arguments, Parts(Read(Start(), Block(0, block), Close(0), End, Stop)));

    [Fact]
    public void Blocks_nobody_knows_are_skipped_with_their_deltas() =>
        Assert.Equal("EndTurn: text a", Parts(Read(Start(),
            Block(0, """{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"""), Delta(0, """{"type":"input_json_delta","partial_json":"{}"}"""), Close(0),
            Block(1, """{"type":"web_search_tool_result","content":[]}"""), Close(1),
            Block(2, """{"type":"text","text":"a"}"""), Delta(2, """{"type":"future_delta","x":1}"""), Close(2), End, Stop)));

    [Fact]
    public void A_delta_of_a_call_that_never_began_breaks_the_answer() => // BLK-05, BLK-13
        Assert.NotNull(Read(Start(), Delta(4, """{"type":"input_json_delta","partial_json":"{}"}"""), End, Stop).Fold.Failure);

    [Fact]
    public void An_answer_without_message_stop_is_broken()
    {
        Assert.NotNull(Read(Start(), Block(0, """{"type":"text","text":"a"}"""), Close(0), End).Fold.Failure);
        Assert.NotNull(Wire.ReadMessages("").Fold.Failure);
        Assert.NotNull(Wire.ReadMessages("data: [DONE]\n\n").Fold.Failure);
    }

    [Theory]
    [InlineData("overloaded_error", FailureKind.UpstreamRefused, 529)]
    [InlineData("api_error", FailureKind.UpstreamRefused, 500)]
    [InlineData("rate_limit_error", FailureKind.UpstreamRefused, 429)]
    public void An_error_event_fails_the_answer(string type, FailureKind kind, int status) // ERR-01, ERR-03
    {
        var failure = Read(Start(), $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"m"}}""", Stop).Fold.Failure;
        Assert.Equal((kind, status), (failure!.Kind, failure.UpstreamStatus ?? 0));
    }

    [Theory]
    // USG-01: cumulative, never added.
    [InlineData("""{"input_tokens":10,"cache_read_input_tokens":4,"cache_creation_input_tokens":3,"output_tokens":1}""", """{"input_tokens":10,"cache_read_input_tokens":4,"cache_creation_input_tokens":3,"output_tokens":9}""", 10, 4, 3, 9)]
    // Only the output in the delta.
    [InlineData("""{"input_tokens":10,"output_tokens":1}""", """{"output_tokens":9}""", 10, 0, 0, 9)]
    // USG-02: everything in the delta.
    [InlineData("""{"input_tokens":0,"output_tokens":0}""", """{"input_tokens":7,"cache_read_input_tokens":2,"output_tokens":9}""", 7, 2, 0, 9)]
    // USG-03: a zero that says nothing.
    [InlineData("""{"input_tokens":10,"output_tokens":1}""", """{"input_tokens":0,"output_tokens":9}""", 10, 0, 0, 9)]
    // USG-05: the true split comes late.
    [InlineData("""{"input_tokens":1000,"output_tokens":1}""", """{"input_tokens":0,"cache_read_input_tokens":1000,"output_tokens":9}""", 0, 1000, 0, 9)]
    [InlineData("""{"input_tokens":10,"cache_read_input_tokens":null,"output_tokens":1}""", """{"input_tokens":null,"output_tokens":9}""", 10, 0, 0, 9)]
    public void Usage_is_replaced_field_by_field(string start, string delta, long input, long read, long write, long output)
    {
        var answer = Read(Start(start), $$$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{{{delta}}}}""", Stop);
        Assert.Equal(new ChatUsage(input, read, write, output, 0), answer.Fold.Usage);
    }

    [Theory]
    [InlineData("end_turn", StopReason.EndTurn)]
    [InlineData("max_tokens", StopReason.MaxTokens)]
    [InlineData("refusal", StopReason.ContentFilter)]
    [InlineData("pause_turn", StopReason.Paused)]
    [InlineData("model_context_window_exceeded", StopReason.ContextFull)]
    [InlineData("tool_use", StopReason.EndTurn)] // and no call came
    [InlineData("new_reason", StopReason.EndTurn)]
    public void Stop_reasons_are_mapped(string word, StopReason reason) =>
        Assert.Equal(reason, Read(Start(), Block(0, """{"type":"text","text":"a"}"""), Close(0), End.Replace("end_turn", word, StringComparison.Ordinal), Stop).Fold.Choices[0].Reason);

    [Fact]
    public void The_last_of_several_message_deltas_counts() => // BLK-16
        Assert.Equal(StopReason.MaxTokens, Read(Start(), End, End.Replace("end_turn", "max_tokens", StringComparison.Ordinal), Stop).Fold.Choices[0].Reason);

    [Fact]
    public void A_refusal_crosses_as_a_filtered_answer_with_its_explanation()
    {
        var read = Read(Start(), """{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"No."}},"usage":{"output_tokens":1}}""", Stop);
        Assert.Equal("ContentFilter: refusal No.", Parts(read)); // ERR-14
        var chat = Wire.WriteChatAnswer(read.Fold, Flavour.OpenAi);
        Assert.Contains("\"content\":null,\"refusal\":\"No.\"", chat, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"content_filter\"", chat, StringComparison.Ordinal);
    }

    [Fact]
    public void All_text_blocks_are_kept() => // CHK-11
        Assert.Equal("EndTurn: text ab", Parts(Wire.ReadMessage("""{"id":"m","type":"message","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}""")));

    [Theory]
    [InlineData("<html>login</html>")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"type":"error","error":{"type":"api_error","message":"x"}}""")]
    [InlineData("""{"type":"message","content":null}""")]
    public void A_200_that_is_no_message_fails(string body) => Assert.NotNull(Wire.ReadMessage(body).Fold.Failure);
}
