using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

public sealed class RequestReaderTests
{
    private const string Choosing = """{"model":"m","input":"x","tools":[{"type":"function","name":"f"}],"tool_choice":""";

    private static string[] Turns(ChatRequest request) =>
        [.. request.Messages.Select(message => $"{message.Role}: {string.Join(" | ", message.Parts.Select(Texts.Of))}")];

    private static string[] Turns(string input) => Turns(Responses.Request($$"""{"model":"m","input":{{input}}}"""));

    [Fact]
    public void A_string_is_one_user_turn_and_instructions_stand_first() =>
        Assert.Equal(["System: text Be brief.", "User: text Hi"], Turns(Responses.Request("""{"model":"m","input":"Hi","instructions":"Be brief."}""")));

    // envoyproxy/ai-gateway #1879, #1839 (RSP-11)
    [Fact]
    public void Items_without_type_or_id_are_read_by_what_they_hold() => Assert.Equal(
        ["Developer: text d", "User: text a", "Assistant: text b", "User: text c"],
        Turns("""[{"role":"developer","content":"d"},{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"output_text","text":"b"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"c"}]}]"""));

    // tashfeenahmed/freellmapi #842 (RSP-04)
    [Fact]
    public void Reasoning_message_and_calls_of_one_answer_are_one_turn() => Assert.Equal(
        ["User: text q", """Assistant: thinking why  | text I look. | call c1 f {} | call c2 f {"a":1}""", "Tool: result c1 False [text 1] | result c2 False [text 2]", "User: text next"],
        Turns("""
            [{"role":"user","content":"q"},
             {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"why"}],"encrypted_content":"gAAAA"},
             {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I look.","annotations":[]}]},
             {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search"}},
             {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}"},
             {"type":"function_call","call_id":"c2","name":"f","arguments":"{\"a\":1}"},
             {"type":"function_call_output","call_id":"c1","output":"1"},
             {"type":"function_call_output","call_id":"c2","output":"2"},
             {"role":"user","content":"next"}]
            """));

    [Fact]
    public void Two_messages_in_a_row_are_two_turns_but_text_behind_a_call_belongs_to_it()
    {
        Assert.Equal(["Assistant: text a", "Assistant: text b"], Turns("""[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]"""));
        Assert.Equal(["Assistant: text a | call c f {} | text b"], Turns("""[{"role":"assistant","content":"a"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"role":"assistant","content":"b"}]"""));
    }

    // ollama/ollama #15406 (RSP-12)
    [Fact]
    public void A_tools_output_may_be_parts_with_images() => Assert.Equal(
        ["Assistant: call c f {}", "Tool: result c False [text see; image  image/png iVBORw0KGgoA low]"],
        Turns("""[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoA","detail":"low"}]}]"""));

    [Fact]
    public void Images_and_files_are_read_in_all_their_forms() => Assert.Equal(
        ["User: image https://example.org/a.png    | document application/pdf JVBERi0=   a.pdf | document text/plain hi    | document   https://example.org/b.pdf  "],
        Turns("""
            [{"role":"user","content":[{"type":"input_image","image_url":"https://example.org/a.png"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="},
             {"type":"input_file","file_data":"aGk=","mime_type":"text/plain"},{"type":"input_file","file_url":"https://example.org/b.pdf"}]}]
            """));

    [Theory]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":"m","input":5}""", "input")]
    [InlineData("""{"model":"m","input":[]}""", "input")]
    [InlineData("""{"input":"x"}""", "model")]
    [InlineData("""{"model":"m","input":[{"type":"image_generation_call","id":"ig_1"}]}""", "input[0].type")]
    [InlineData("""{"model":"m","input":[{"type":"computer_call_output","call_id":"c"}]}""", "input[0].type")]
    [InlineData("""{"model":"m","input":[{"type":"compaction","encrypted_content":"x"}]}""", "input[0].type")]
    [InlineData("""{"model":"m","input":[{"type":"item_reference","id":"msg_9"}]}""", "input[0]")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_audio"}]}]}""", "input[0].content[0].type")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_image","file_id":"file-1"}]}]}""", "input[0].content[0].file_id")]
    [InlineData("""{"model":"m","input":[{"role":"judge","content":"x"}]}""", "input[0].role")]
    [InlineData("""{"model":"m","input":"x","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"model":"m","input":"x","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"mcp","server_label":"s"}}""", "tool_choice")]
    [InlineData("""{"model":"m","input":"x","background":true}""", "background")]
    [InlineData("""{"model":"m","input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"model":"m","input":"x","prompt":{"id":"p"}}""", "prompt")]
    [InlineData("""{"model":"m","input":"x","text":{"format":{"type":"xml"}}}""", "text.format.type")]
    [InlineData("""{"model":"m","input":"x","reasoning":{"effort":"enormous"}}""", "reasoning.effort")]
    [InlineData(Choosing + """{"type":"allowed_tools"}}""", "tool_choice.tools")]
    [InlineData(Choosing + """{"type":"allowed_tools","mode":"auto","tools":[]}}""", "tool_choice.tools")]
    [InlineData(Choosing + """{"type":"allowed_tools","mode":"garbage","tools":[{"type":"function","name":"f"}]}}""", "tool_choice.mode")]
    [InlineData(Choosing + """{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"h"}]}}""", "tool_choice.tools[0].name")]
    public void What_cannot_be_read_is_refused_with_its_place(string json, string param) => Assert.Equal(param, Responses.Refusal(json).Param);

    [Fact]
    public void Members_cross_to_their_neutral_places()
    {
        var request = Responses.Request(
            """
            {"model":"m","input":"x","max_output_tokens":99,"temperature":0.5,"top_p":0.9,"parallel_tool_calls":false,"stream":true,"user":"u","prompt_cache_key":"k","service_tier":"flex",
             "include":["reasoning.encrypted_content","message.output_text.logprobs"],"top_logprobs":3,"reasoning":{"effort":"high","summary":"auto"},"truncation":"disabled","store":false,
             "text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}},"metadata":{"a":"b"},"max_tool_calls":3,
             "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true},{"type":"function","name":"g"},{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"d"}}],
             "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"custom","name":"p"}]}}
            """);
        Assert.Equal((99, 0.5, 0.9, false, true), (request.MaxOutputTokens, request.Temperature, request.TopP, request.ParallelToolCalls, request.Stream));
        Assert.Equal(("u", "k", "flex", "low"), (request.User, request.PromptCacheKey, request.ServiceTier, request.Verbosity));
        Assert.True(request.EncryptedReasoning && request.Logprobs);
        Assert.Equal(3, request.TopLogprobs);
        Assert.Equal(new ChatThinking(ThinkingMode.Adaptive) { Effort = "high", Summary = "auto" }, request.Thinking);
        Assert.Equal(("n", true), (request.ResponseFormat!.Name, request.ResponseFormat.Strict));
        Assert.Equal(["f", "p"], request.Tools.Select(tool => tool.Name));
        Assert.Equal("""{"type":"grammar","grammar":{"syntax":"lark","definition":"d"}}""", request.Tools[1].Format!.Value.GetRawText());
        Assert.Equal(ToolChoiceMode.Required, request.ToolChoice!.Mode);
        // Only this has no meaning elsewhere and was not said by default.
        Assert.Equal(["max_tool_calls"], request.Other.Keys);
    }

    [Theory]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"}""", true)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"why"}],"encrypted_content":"gAAAA"}""", true)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"why"}],"encrypted_content":"mw1.s.sig"}""", false)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"mw1.r.data"}""", false)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"why"}],"encrypted_content":null}""", false)]
    public void Reasoning_that_only_its_maker_reads_is_lost_by_name(string item, bool isLost)
    {
        var request = Responses.Request($$"""{"model":"m","input":[{{item}},{"role":"user","content":"q"}]}""");
        IEnumerable<string> lost = isLost ? ["input.encrypted_content"] : [];
        Assert.Equal(lost, Requests.Chat(request).Dropped);
        Assert.Equal(lost, Requests.Messages(request).Dropped);
    }

    [Fact]
    public void Encrypted_reasoning_that_is_asked_for_comes_from_anthropic_and_never_from_chat()
    {
        var request = Responses.Request("""{"model":"m","input":"q","include":["reasoning.encrypted_content"]}""");
        Assert.Equal(["include"], Requests.Chat(request).Dropped);
        Assert.Empty(Requests.Messages(request).Dropped);
    }

    [Fact]
    public void What_the_request_said_is_repeated_and_what_it_left_out_has_its_default()
    {
        var said = Responses.Request("""{"model":"m","input":"x","instructions":"i","tools":[{"type":"function","name":"f","parameters":null}],"metadata":{"a":"b"},"store":true,"temperature":0.25,"text":{"verbosity":"low"}}""");
        var response = ResponsesGrammar.Check(Responses.Write([], request: said));
        Assert.Equal("i", response.GetProperty("instructions").GetString());
        Assert.Equal("""[{"type":"function","name":"f","parameters":null}]""", response.GetProperty("tools").GetRawText());
        Assert.Equal("""{"a":"b"}""", response.GetProperty("metadata").GetRawText());
        Assert.Equal("""{"format":{"type":"text"},"verbosity":"low"}""", response.GetProperty("text").GetRawText());
        Assert.Equal("0.25", response.GetProperty("temperature").GetRawText());
        Assert.Equal(("auto", true), (response.GetProperty("tool_choice").GetString(), response.GetProperty("parallel_tool_calls").GetBoolean()));
        // Nothing is kept by a server that does not say that it keeps answers.
        Assert.False(response.GetProperty("store").GetBoolean());
        var kept = Responses.Request("""{"model":"m","input":"x"}""", new ResponsesReadOptions { KeepsAnswers = true });
        Assert.True(ResponsesGrammar.Check(Responses.Write([], request: kept)).GetProperty("store").GetBoolean());
    }

    [Fact]
    public void An_unresolved_previous_response_is_refused_and_a_resolved_one_stands_before_the_input()
    {
        const string Ask = """{"model":"m","input":[{"type":"item_reference","id":"msg_1"},{"role":"user","content":"now"}],"instructions":"i","previous_response_id":"resp_0"}""";
        var refused = Responses.Refusal(Ask);
        Assert.Equal(("previous_response_not_found", "previous_response_id"), (refused.Code, refused.Param));
        Assert.Contains("resp_0", refused.Message, StringComparison.Ordinal);

        var kept = new ArrayBufferWriter<byte>();
        InputItems.Write("""{"model":"m","input":"before"}"""u8, "resp_0", kept);
        var output = """[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"answer"}]}]""";
        var request = Responses.Request(Ask, new ResponsesReadOptions { Earlier = [kept.WrittenMemory, Encoding.UTF8.GetBytes(output)] });
        Assert.Equal(["System: text i", "User: text before", "Assistant: text answer", "Assistant: text answer", "User: text now"], Turns(request));
        Assert.Equal("resp_0", request.Repeated["previous_response_id"].GetString());
    }

    [Fact]
    public void Kept_input_items_have_types_ids_and_parts_and_lose_nothing()
    {
        var kept = new ArrayBufferWriter<byte>();
        InputItems.Write("""{"input":[{"role":"user","content":"a","zz":1.50},{"type":"function_call_output","call_id":"c","output":"1"},{"type":"reasoning","id":"rs_7","summary":[]}]}"""u8, "resp_0", kept);
        Assert.Equal(
            """[{"id":"msg_0_in0","type":"message","role":"user","content":[{"type":"input_text","text":"a"}],"zz":1.50},{"id":"fco_0_in1","type":"function_call_output","call_id":"c","output":"1"},{"id":"rs_7","type":"reasoning","summary":[]}]""",
            Encoding.UTF8.GetString(kept.WrittenSpan));
    }
}
