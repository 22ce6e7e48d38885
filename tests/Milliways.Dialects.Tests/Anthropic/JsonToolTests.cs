using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Anthropic;

/// <summary>JSON schemas toward Anthropic's models: native where it goes, through a tool of a reserved name elsewhere (dialects 4.8).</summary>
public sealed class JsonToolTests
{
    private const string Plain = """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""";
    private const string Function = """{"type":"function","function":{"name":"f"}}""";

    private static readonly MessagesWriteOptions Old = new() { Model = "m", StructuredOutput = false };

    private static Requests.Written Ask(string schema, string members = "", MessagesWriteOptions? options = null) => Requests.ChatToMessages(
        $$$"""{"model":"m","messages":[{"role":"user","content":"Q"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{{{schema}}}}}{{{members}}}}""", options);

    [Fact]
    public void A_model_without_structured_output_is_made_to_call_it()
    {
        var written = Ask(Plain, "", Old);
        Assert.Null(written.Failure);
        Assert.Contains("\"name\":\"milliways_json_answer\"", written.Text, StringComparison.Ordinal);
        Assert.Contains("\"input_schema\":" + Plain, written.Text, StringComparison.Ordinal);
        Assert.Contains("""
            "tool_choice":{"type":"tool","name":"milliways_json_answer","disable_parallel_tool_use":true}
            """.Trim(), written.Text, StringComparison.Ordinal);
        Assert.False(written.Json.TryGetProperty("output_config", out _));
    }

    [Theory] // STR-02, STR-03: beside the caller's own tools.
    [InlineData("", """{"type":"any"}""", true)]
    [InlineData(",\"parallel_tool_calls\":false", """{"type":"any","disable_parallel_tool_use":true}""", true)]
    [InlineData(",\"tool_choice\":\"none\"", """{"type":"tool","name":"milliways_json_answer","disable_parallel_tool_use":true}""", true)]
    [InlineData(",\"tool_choice\":\"required\"", """{"type":"any"}""", false)]
    [InlineData(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", """{"type":"tool","name":"f"}""", false)]
    public void Beside_the_caller_s_tools_it_is_one_more(string members, string choice, bool isOffered)
    {
        var written = Ask(Plain, ",\"tools\":[" + Function + "]" + members, Old);
        Assert.Equal(choice, written.Json.GetProperty("tool_choice").GetRawText());
        Assert.Equal("f", written.Json.GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.Equal(isOffered ? 2 : 1, written.Json.GetProperty("tools").GetArrayLength());
    }

    [Fact]
    public void A_schema_that_is_no_object_is_wrapped_and_its_definitions_stay_at_the_root()
    {
        var written = Ask("""{"type":"array","items":{"$ref":"#/$defs/x"},"$defs":{"x":{"type":"string"}}}""", "", Old);
        Assert.Equal("""{"type":"object","properties":{"value":{"type":"array","items":{"$ref":"#/$defs/x"}}},"required":["value"],"additionalProperties":false,"$defs":{"x":{"type":"string"}}}""",
            written.Json.GetProperty("tools")[0].GetProperty("input_schema").GetRawText());
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"}}}""", "milliways_json_answer")]
    [InlineData("""{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}}}}}""", "milliways_json_value")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/definitions/a"}},"definitions":{"a":{"items":{"$ref":"#/definitions/b"}},"b":{"items":{"$ref":"#/definitions/a"}}}}""", "milliways_json_answer")]
    public void A_recursive_schema_goes_through_it_at_every_model(string schema, string name)
    {
        var written = Ask(schema);
        Assert.Equal(name, written.Json.GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.False(written.Json.TryGetProperty("output_config", out _));
    }

    [Fact]
    public void Local_references_without_recursion_stand_for_what_they_point_to()
    {
        var written = Ask("""{"type":"object","properties":{"a":{"$ref":"#/$defs/x","description":"A"},"b":{"$ref":"#/$defs/y"}},"$defs":{"x":{"type":"object","properties":{},"description":"X"},"y":{"$ref":"#/$defs/x"}}}""");
        Assert.Equal("""{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"object","properties":{},"additionalProperties":false,"description":"A"},"b":{"type":"object","properties":{},"additionalProperties":false,"description":"X"}},"additionalProperties":false}}}""",
            written.Json.GetProperty("output_config").GetRawText());
    }

    [Fact]
    public void A_schema_that_doubles_with_every_reference_is_not_written_out()
    {
        var definitions = string.Join(',', Enumerable.Range(0, 40).Select(at => """
            "dAT":{"prefixItems":[{"$ref":"#/$defs/dNEXT"},{"$ref":"#/$defs/dNEXT"}]}
            """.Replace("AT", Dice.Number(at), StringComparison.Ordinal).Replace("NEXT", Dice.Number(at + 1), StringComparison.Ordinal)));
        var written = Ask("""{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{ALL,"d40":{"type":"string"}}}""".Replace("ALL", definitions, StringComparison.Ordinal));
        Assert.Null(written.Failure);
        Assert.True(written.Bytes.Length < 20_000);
    }

    [Fact]
    public void The_reserved_name_and_a_wrapped_self_reference_are_refused()
    {
        Assert.Equal("tools", Ask(Plain, ",\"tools\":[" + Function.Replace("\"f\"", "\"milliways_json_answer\"", StringComparison.Ordinal) + "]", Old).Failure?.Param);
        Assert.Equal("response_format", Ask("""{"type":"array","items":{"$ref":"#"}}""").Failure?.Param);
    }

    [Fact]
    public void Manual_thinking_gives_way_and_adaptive_thinking_stays() // STR-05
    {
        var manual = Ask(Plain, ",\"reasoning_effort\":\"high\"", Old with { Thinking = ThinkingStyle.Manual });
        Assert.False(manual.Json.TryGetProperty("thinking", out _));
        Assert.Contains("reasoning_effort", manual.Dropped);
        Assert.True(Ask(Plain, ",\"reasoning_effort\":\"high\"", Old).Json.TryGetProperty("thinking", out _));
    }

    private static string Events(string name, string reason, params string[] pieces) => string.Concat(new[]
    {
        """{"type":"message_start","message":{"id":"m","usage":{"input_tokens":1}}}""",
        """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"NAME","input":{}}}""".Replace("NAME", name, StringComparison.Ordinal),
    }.Concat(pieces.Select(piece => """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":PIECE}}""".Replace("PIECE", System.Text.Json.JsonSerializer.Serialize(piece), StringComparison.Ordinal)))
        .Concat(["""{"type":"content_block_stop","index":0}""", """{"type":"message_delta","delta":{"stop_reason":"WORD"},"usage":{"output_tokens":1}}""".Replace("WORD", reason, StringComparison.Ordinal), """{"type":"message_stop"}"""])
        .Select(data => $"data: {data}\n\n"));

    [Theory] // STR-01: nothing of the tool leaks, and the text streams piece by piece.
    [InlineData("milliways_json_answer", "tool_use", "EndTurn", "{\"a\": 1}", "{\"a\"", ": 1}")]
    [InlineData("milliways_json_answer", "max_tokens", "MaxTokens", "{\"a\"", "{\"a\"")]
    [InlineData("milliways_json_answer", "tool_use", "EndTurn", "{}")]
    [InlineData("milliways_json_value", "tool_use", "EndTurn", "[1,\"x\"]", "{\"value\"", ": [1, \"x\"]}")]
    [InlineData("milliways_json_value", "max_tokens", "MaxTokens", "[1, \"x", "{\"value\"", ": [1, \"x")]
    public void Its_call_is_read_as_the_answer_s_text(string name, string word, string reason, string text, params string[] pieces)
    {
        var read = Wire.ReadMessages(Events(name, word, pieces));
        Assert.True(read.Fold.IsComplete);
        Assert.Equal((text, reason), (read.Fold.Choices[0].Text, read.Fold.Choices[0].Reason.ToString()));
        Assert.Empty(read.Of<ChatEvent.ToolCallStarted>());
        if (name == "milliways_json_answer" && pieces.Length > 0) Assert.Equal(pieces.Length, read.Of<ChatEvent.TextDelta>().Count());
    }

    [Fact]
    public void A_whole_message_s_call_is_text_too_and_other_calls_stay_calls()
    {
        var read = Wire.ReadMessage("""{"type":"message","content":[{"type":"tool_use","id":"t","name":"milliways_json_answer","input":{"a":1.50}},{"type":"tool_use","id":"u","name":"f","input":{}}],"stop_reason":"tool_use","usage":{"output_tokens":1}}""");
        Assert.Equal("ToolUse: text {\\\"a\\\":1.50} | call u f {}", read.Fold.Choices[0].Reason + ": " + string.Join(" | ", read.Fold.Choices[0].Parts.Select(Texts.Of)));
        Assert.Equal(0, read.Of<ChatEvent.ToolCallStarted>().Single().Index);
    }
}
