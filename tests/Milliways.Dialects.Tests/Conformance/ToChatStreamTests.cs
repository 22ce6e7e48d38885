using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Messages answers as Chat answers (dialects 5.2, 5.3).</summary>
public sealed class ToChatStreamTests
{
    private const string Start = """{"type":"message_start","message":{"id":"m1","model":"c","usage":{"input_tokens":5,"cache_read_input_tokens":4,"output_tokens":1}}}""";
    private const string Stop = """{"type":"message_stop"}""";

    private static readonly string[] TextThenTwoCalls =
    [
        Start,
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"T"}}""", """{"type":"content_block_stop","index":0}""",
        """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}""", """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}""", """{"type":"content_block_stop","index":1}""",
        """{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}}""", """{"type":"content_block_stop","index":2}""",
        Delta("tool_use"), Stop,
    ];

    private static string Delta(string reason) => $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}"},"usage":{"output_tokens":7}}""";

    private static Recorder Read(params string[] events) => Wire.ReadMessages(string.Concat(events.Select(data => $"event: x\ndata: {data}\n\n")));

    private static List<JsonElement> Chunks(IEnumerable<ChatEvent> events, Flavour flavour = Flavour.OpenAi)
    {
        var stream = Wire.WriteChat(events, flavour);
        ChatGrammar.Check(stream, flavour, usage: true);
        return [.. stream[..^2].Split("\n\n").Select(frame => frame["data: ".Length..]).Where(data => data != "[DONE]").Select(data => JsonDocument.Parse(data).RootElement)];
    }

    [Theory]
    [InlineData(Flavour.OpenAi)]
    [InlineData(Flavour.Xai)]
    public void Calls_count_from_0_each_with_its_own_arguments(Flavour flavour) // CHK-02 Portkey#1275, CHK-13 aisix#170
    {
        var stream = Wire.WriteChat(Read(TextThenTwoCalls).Events, flavour);
        Assert.Equal("T|a f {\"x\":1}|b g {}", string.Join('|', Wire.ReadChat(stream).Fold.Choices[0].Parts.Select(part => part is ChatPart.ToolCall call ? $"{call.Id} {call.Name} {call.Arguments}" : ((ChatPart.Text)part).Value)));
        Assert.Contains("\"tool_calls\":[{\"index\":1,\"id\":\"b\"", stream, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"tool_calls\"", stream, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Flavour.OpenAi)]
    [InlineData(Flavour.Xai)]
    public void The_first_chunk_has_the_role_and_every_choice_is_number_0(Flavour flavour) // CHK-03 Portkey#1399, CHK-06 envoy#1487
    {
        var chunks = Chunks(Read(TextThenTwoCalls).Events, flavour);
        Assert.Equal("assistant", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.All(chunks[..^1], chunk => Assert.Equal(0, chunk.GetProperty("choices")[0].GetProperty("index").GetInt32()));
    }

    [Fact]
    public void The_usage_chunk_has_an_empty_list_of_choices_and_the_cached_tokens() // CHK-07 envoy#1975, CHK-17 claude-code-proxy#13
    {
        var last = Chunks(Read(TextThenTwoCalls).Events)[^1];
        Assert.Equal("[]", last.GetProperty("choices").GetRawText());
        Assert.Equal((9, 4, 7), (last.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), last.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32(), last.GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
    }

    [Fact]
    public void Arguments_begin_with_what_the_model_wrote() // CHK-05 envoy#1465
    {
        var fragments = Chunks(Read(TextThenTwoCalls).Events).SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()).Select(choice => choice.GetProperty("delta"))
            .Where(delta => delta.TryGetProperty("tool_calls", out _)).Select(delta => delta.GetProperty("tool_calls")[0]).Where(call => call.GetProperty("index").GetInt32() == 0)
            .Select(call => call.GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal("{\"x\":1}", string.Concat(fragments));
    }

    [Fact]
    public void Reasoning_has_one_name_whole_and_streamed() // CHK-14 CLIProxyAPI#5104
    {
        var events = Read(Start, """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"R","signature":""}}""", """{"type":"content_block_stop","index":0}""", Delta("end_turn"), Stop).Events;
        Assert.Contains("\"reasoning_content\":\"R\"", Wire.WriteChat(events, Flavour.OpenAi), StringComparison.Ordinal);
        Assert.Contains("\"reasoning_content\":\"R\"", Wire.WriteChatAnswer(Wire.Fold(events), Flavour.OpenAi), StringComparison.Ordinal);
    }

    [Fact]
    public void Thinking_before_calls_hides_none_of_them() // CHK-15 CLIProxyAPI#425
    {
        var events = Read(Start, """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"R","signature":"s"}}""", """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x":1}}}""", """{"type":"content_block_stop","index":1}""", Delta("tool_use"), Stop).Events;
        var chat = Wire.WriteChat(events, Flavour.OpenAi);
        Assert.Contains("\"reasoning_content\":\"R\"", chat, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"f\"", chat, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"tool_calls\"", chat, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_answer_in_one_stream_breaks_it_and_a_head_said_twice_does_not() // CHK-18 vercel/ai#18402
    {
        const string Text = """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"A"}}""";
        Assert.NotNull(Read(Start, Text, Start.Replace("m1", "m2", StringComparison.Ordinal), Text, Delta("end_turn"), Stop).Fold.Failure);
        Assert.Equal("A", Read(Start, Start, Text, Delta("end_turn"), Stop).Fold.Choices[0].Text);
        Assert.Equal("A", Read(Start, Text, Delta("end_turn"), Stop, Start.Replace("m1", "m2", StringComparison.Ordinal), Text).Fold.Choices[0].Text);
    }

    [Fact]
    public void Chunks_keep_the_order_of_the_blocks() // CHK-19 CLIProxyAPI#4743
    {
        var kinds = Chunks(Read(TextThenTwoCalls).Events)[1..^2].Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta").EnumerateObject().First().Name);
        Assert.Equal(["content", "tool_calls", "tool_calls", "tool_calls", "tool_calls"], kinds);
    }

    [Fact]
    public void An_upstream_s_error_in_the_middle_is_an_error_frame_without_a_finish() // ERR-04
    {
        var read = Read(Start, """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"A"}}""", """{"type":"error","error":{"type":"overloaded_error","message":"boom"}}""");
        var stream = Wire.WriteChat(read.Events, Flavour.OpenAi);
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        Assert.Contains("data: {\"error\":{\"message\":\"boom\"", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finish_reason\":\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_without_parameters_has_an_empty_object_everywhere() // ARG-04 vercel/ai#10295, ARG-05 agentgateway#3002, ARG-06 openai-agents-js#664
    {
        var events = Read(Start, """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}""", """{"type":"content_block_stop","index":0}""", Delta("tool_use"), Stop).Events;
        foreach (var flavour in new[] { Flavour.OpenAi, Flavour.Xai })
        {
            Assert.Equal("{}", Wire.ReadChat(Wire.WriteChat(events, flavour)).Of<ChatEvent.ToolCallDelta>().Single().Arguments);
            Assert.Contains("\"arguments\":\"{}\"", Wire.WriteChatAnswer(Wire.Fold(events), flavour), StringComparison.Ordinal);
        }

        Assert.Contains("\"input\":{}", Wire.WriteMessage(Wire.Fold(events)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_frame_is_one_data_line_and_an_empty_line() // SSE-08 LocalAI#7182
    {
        var stream = Wire.WriteChat(Read(TextThenTwoCalls).Events, Flavour.OpenAi);
        Assert.All(stream[..^2].Split("\n\n"), frame => Assert.Matches("^data: [^\n]+$", frame));
    }
}
