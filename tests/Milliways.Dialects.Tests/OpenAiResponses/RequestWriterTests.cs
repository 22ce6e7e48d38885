using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

public sealed class RequestWriterTests
{
    private static Requests.Written FromChat(string json)
    {
        var reading = Requests.ReadChat(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return Responses.Upstream(reading.Value!);
    }

    [Fact]
    public void A_chat_request_becomes_instructions_and_items_without_ids() // TID-08
    {
        var written = FromChat(
            """
            {"model":"m","max_tokens":5,"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},
              {"role":"assistant","content":"I look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":""}}]},
              {"role":"tool","tool_call_id":"c1","content":"21"},{"role":"system","content":"mid"},{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}],
             "tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}},"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{}}}}}}
            """);
        Assert.Null(written.Failure);
        Assert.Equal(
            """{"model":"m","instructions":"s","input":[{"type":"message","role":"user","content":"q"},"""
            + """{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},"""
            + """{"type":"function_call_output","call_id":"c1","output":"21"},{"type":"message","role":"system","content":"mid"},"""
            + """{"type":"message","role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://example.org/a.png","detail":"auto"}]}],"""
            + "\"tools\":" + """[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":{"type":"function","name":"f"},"""
            + "\"text\":" + """{"format":{"type":"json_schema","name":"n","schema":{"type":"object","properties":{"a":{}}},"strict":false}},"max_output_tokens":16,"store":false}""",
            written.Text);
    }

    [Theory]
    [InlineData("n", "2")]
    [InlineData("stop", "[\"END\"]")]
    [InlineData("background", "true")]
    public void What_would_change_the_answer_is_refused_by_name(string field, string value) =>
        Assert.Equal(field, FromChat($$"""{"model":"m","messages":[{"role":"user","content":"q"}],"{{field}}":{{value}}}""").Failure!.Param);

    [Fact]
    public void What_the_dialect_has_no_word_for_is_dropped_by_name() => Assert.Equal(
        ["seed", "frequency_penalty", "presence_penalty", "top_k", "logit_bias"],
        FromChat("""{"model":"m","messages":[{"role":"user","content":"q"}],"seed":1,"frequency_penalty":1,"presence_penalty":1,"top_k":3,"logit_bias":{"5":1}}""").Dropped);

    [Fact]
    public void Images_in_a_tools_result_stay_in_it_and_errors_are_told()
    {
        var request = new ChatRequest
        {
            Model = "m",
            Messages =
            [
                new(ChatRole.User, [new ChatPart.Text("q")]),
                new(ChatRole.Assistant, [new ChatPart.ToolCall("c1", "f", "{}"), new ChatPart.ToolCall(new string('x', 70), "p", "free") { IsCustom = true }]),
                new(ChatRole.Tool, [new ChatPart.ToolResult("c1", [new ChatPart.Text("t"), new ChatPart.Image(null, "image/png", "iVBORw0KGgoA")], IsError: false), new ChatPart.ToolResult(new string('x', 70), [new ChatPart.Text("bad")], IsError: true)]),
            ],
        };
        var input = Responses.Upstream(request).Json.GetProperty("input");
        Assert.Equal("""[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoA","detail":"auto"}]""", input[3].GetProperty("output").GetRawText());
        Assert.Equal(("custom_tool_call_output", "Error: bad"), (input[4].GetProperty("type").GetString(), input[4].GetProperty("output").GetString()));
        Assert.Equal(("free", 64), (input[2].GetProperty("input").GetString(), input[2].GetProperty("call_id").GetString()!.Length));
        Assert.Equal(input[2].GetProperty("call_id").GetString(), input[4].GetProperty("call_id").GetString());
    }

    [Fact]
    public void Thinking_budgets_become_words_and_summaries_and_sampling_stays_away_from_reasoning_models()
    {
        var request = Responses.Asked with { Thinking = new ChatThinking(ThinkingMode.Enabled) { BudgetTokens = 9000 }, Temperature = 0.5, Logprobs = true, TopLogprobs = 2 };
        var json = Responses.Upstream(request).Json;
        Assert.Equal("""{"effort":"high","summary":"auto"}""", json.GetProperty("reasoning").GetRawText());
        Assert.Equal(("""["message.output_text.logprobs"]""", 2), (json.GetProperty("include").GetRawText(), json.GetProperty("top_logprobs").GetInt32()));

        var target = new UpstreamTarget("gpt-5") { Traits = new UpstreamTraits { OpenAiExtensions = true } };
        var (output, dropped) = (new System.Buffers.ArrayBufferWriter<byte>(), new List<string>());
        Assert.Null(ResponsesDialect.Instance.WriteRequest(request, target, output, dropped));
        Assert.Equal(["include", "temperature"], dropped); // what OpenAI encrypts cannot go through the neutral model
    }

    [Fact]
    public void Custom_tools_have_their_grammar_flat_here() => Assert.Equal(
        """[{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"d"}}]""",
        FromChat("""{"model":"m","messages":[{"role":"user","content":"q"}],"tools":[{"type":"custom","custom":{"name":"p","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"d"}}}}]}""").Json.GetProperty("tools").GetRawText());

    [Fact]
    public void A_request_written_and_read_again_is_the_same() => Dice.Check((dice, _) =>
    {
        var request = Chat.RequestPropertyTests.Make(dice) with { Stop = [], TopK = null };
        request = request with
        {
            MaxOutputTokens = Math.Max(16, request.MaxOutputTokens ?? 16),
            Tools = [.. request.Tools.Select(tool => tool with { Strict = tool.Strict ?? false })],
            User = request.User is { } user && user.Length > 64 ? null : request.User,
        };
        var written = Responses.Upstream(request);
        Assert.Null(written.Failure);
        Assert.Empty(written.Dropped);
        var read = RequestReader.Read(written.Bytes);
        Assert.True(read.IsOk, read.Failure?.ToString());
        Assert.Equal(Texts.Of(request), Texts.Of(read.Value!));
        Assert.Equal(written.Text, Responses.Upstream(request).Text);
    });

    [Fact]
    public void No_bytes_make_the_reader_throw() => Dice.Check((dice, _) =>
    {
        var bytes = Responses.Upstream(Chat.RequestPropertyTests.Make(dice) with { Stop = [] }).Bytes;
        for (var flips = 0; flips < 4; flips++)
            bytes[dice.Upto(bytes.Length)] = (byte)dice.One('"', '{', '}', '[', ']', ',', ':', '0', '\\', 'n', '\u0080');
        Assert.True(RequestReader.Read(bytes) is { IsOk: true } or { Failure: not null });
    });
}
