using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Gemini;

/// <summary>Requests for generateContent (dialects 7, 4.14).</summary>
public sealed class RequestWriterTests
{
    private const string Weather = """{"type":"function","function":{"name":"weather","description":"Current weather","parameters":{"type":"object","properties":{"city":{"$ref":"#/$defs/c"}},"$defs":{"c":{"type":"string"}},"additionalProperties":false}}}""";

    private static string Ask(string more, string content = "\"Hello\"") => $$"""{"model":"m","messages":[{"role":"user","content":{{content}}}]{{more}}}""";

    private static void Is(string expected, Requests.Written written)
    {
        Assert.Null(written.Failure);
        Assert.Equal(expected, written.Text);
    }

    [Fact]
    public void System_text_stands_apart_and_sides_are_merged() => Is(
        """{"systemInstruction":{"parts":[{"text":"Be brief."},{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"One?"},{"text":"Two?"}]},{"role":"model","parts":[{"text":"Yes."}]},{"role":"user","parts":[{"text":"Three?"}]}]}""",
        GeminiWire.FromChat("""{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"One?"},{"role":"user","content":"Two?"},{"role":"assistant","content":"Yes."},{"role":"developer","content":"Be kind."},{"role":"user","content":"Three?"},{"role":"assistant","content":""}]}"""));

    [Fact]
    public void Results_stand_behind_their_calls_by_name_and_in_their_order() => Is(
        """{"contents":[{"role":"user","parts":[{"text":"Go."}]},{"role":"model","parts":[{"text":"I look."},{"functionCall":{"name":"weather","args":{"city":"Paris"}}},{"functionCall":{"name":"time","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"weather","response":{"output":"21"}}},{"functionResponse":{"name":"time","response":{"output":"12:00"}}}]},{"role":"user","parts":[{"text":"And now?"}]}]}""",
        GeminiWire.FromChat("""{"model":"m","messages":[{"role":"user","content":"Go."},{"role":"assistant","content":"I look.","tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}},{"id":"b","type":"function","function":{"name":"time","arguments":""}}]},{"role":"tool","tool_call_id":"b","content":"12:00"},{"role":"tool","tool_call_id":"a","content":"21"},{"role":"user","content":"And now?"}]}"""));

    [Fact]
    public void A_failed_result_and_an_image_in_one_are_kept() => Is(
        """{"contents":[{"role":"model","parts":[{"functionCall":{"name":"look","args":{}}},{"functionCall":{"name":"look","args":{"n":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"look","response":{"error":"boom"}}},{"functionResponse":{"name":"look","response":{"output":"seen"}}},{"text":"Attached to the result of look:"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}],"generationConfig":{"maxOutputTokens":9}}""",
        GeminiWire.FromMessages("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"look","input":{}},{"type":"tool_use","id":"b","name":"look","input":{"n":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"boom","is_error":true},{"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"seen"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}]}"""));

    [Fact]
    public void Tools_keep_their_schemas_whole_and_the_choice_is_a_mode()
    {
        var written = GeminiWire.FromChat(Ask($$""","tools":[{{Weather}},{"type":"function","function":{"name":"get.time"} }],"tool_choice":{"type":"function","function":{"name":"weather"} }"""));
        Assert.Null(written.Failure);
        var declarations = written.Json.GetProperty("tools")[0].GetProperty("functionDeclarations");
        Assert.Equal("""{"name":"weather","description":"Current weather","parametersJsonSchema":{"type":"object","properties":{"city":{"$ref":"#/$defs/c"}},"$defs":{"c":{"type":"string"}},"additionalProperties":false}}""", declarations[0].GetRawText());
        Assert.Matches("^\\{\"name\":\"get_time_[0-9a-f]{8}\"\\}$", declarations[1].GetRawText());
        Assert.Equal("""{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["weather"]}}""", written.Json.GetProperty("toolConfig").GetRawText());
    }

    [Theory]
    [InlineData("auto", "AUTO")]
    [InlineData("none", "NONE")]
    [InlineData("required", "ANY")]
    public void A_word_of_choice_is_a_mode(string word, string mode)
    {
        var written = GeminiWire.FromChat(Ask($$""","tools":[{{Weather}}],"tool_choice":"{{word}}" """));
        Assert.Equal($$$"""{"functionCallingConfig":{"mode":"{{{mode}}}"}}""", written.Json.GetProperty("toolConfig").GetRawText());
    }

    [Fact]
    public void Sampling_bounds_and_forms_go_into_the_configuration() => Is(
        """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":77,"temperature":0.5,"topP":0.9,"topK":40,"presencePenalty":1,"frequencyPenalty":-1,"seed":7,"candidateCount":2,"stopSequences":["A","B"],"responseLogprobs":true,"logprobs":3,"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}}}""",
        GeminiWire.FromChat(Ask(""","max_tokens":77,"temperature":0.5,"top_p":0.9,"top_k":40,"presence_penalty":1,"frequency_penalty":-1,"seed":7,"n":2,"stop":["A","","B"],"logprobs":true,"top_logprobs":3,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}}}""")));

    [Fact]
    public void A_json_object_is_a_media_type() => Is(
        """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"responseMimeType":"application/json"}}""",
        GeminiWire.FromChat(Ask(""","response_format":{"type":"json_object"}""")));

    [Theory]
    // model, what is asked, what is sent
    [InlineData("gemini-2.5-flash", "\"reasoning_effort\":\"low\"", """{"thinkingBudget":1024,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash", "\"reasoning_effort\":\"xhigh\"", """{"thinkingBudget":24576,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-pro", "\"reasoning_effort\":\"max\"", """{"thinkingBudget":32768,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash", "\"reasoning_effort\":\"none\"", """{"thinkingBudget":0}""")]
    [InlineData("gemini-2.5-pro", "\"reasoning_effort\":\"none\"", """{"thinkingBudget":128}""")]
    [InlineData("gemini-2.5-flash", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5000}", """{"thinkingBudget":5000,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash", "\"thinking\":{\"type\":\"adaptive\"}", """{"includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview", "\"reasoning_effort\":\"minimal\"", """{"thinkingLevel":"LOW","includeThoughts":true}""")]
    [InlineData("models/gemini-3.1-flash", "\"reasoning_effort\":\"minimal\"", """{"thinkingLevel":"MINIMAL","includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":20000}", """{"thinkingLevel":"HIGH","includeThoughts":true}""")]
    [InlineData("gemini-3-flash", "\"reasoning_effort\":\"none\"", """{"thinkingLevel":"MINIMAL"}""")]
    public void Effort_is_a_budget_or_a_level_as_the_model_has_it(string model, string asked, string sent) =>
        Assert.Equal(sent, GeminiWire.FromChat(Ask("," + asked), model).Json.GetProperty("generationConfig").GetProperty("thinkingConfig").GetRawText());

    [Fact]
    public void A_model_that_does_not_think_drops_the_effort_by_name()
    {
        var written = GeminiWire.FromChat(Ask(",\"reasoning_effort\":\"high\""), "gemini-2.0-flash");
        Assert.Equal(["reasoning_effort"], written.Dropped);
        Assert.False(written.Json.TryGetProperty("generationConfig", out _));
        Assert.Empty(GeminiWire.FromChat(Ask("")).Dropped);
    }

    [Fact]
    public void Images_and_documents_go_inline() => Is(
        """{"contents":[{"role":"user","parts":[{"text":"See "},{"inlineData":{"mimeType":"image/jpeg","data":"/9j/AA=="}},{"inlineData":{"mimeType":"application/pdf","data":"JVBERi0="}},{"text":"this."}]}]}""",
        GeminiWire.FromChat(Ask("", """[{"type":"text","text":"See "},{"type":"image_url","image_url":{"url":"data:image/jpg;base64,/9j/AA=="}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},{"type":"text","text":"this."}]""")));

    [Theory]
    [InlineData("\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]", "stop")]
    [InlineData("\"n\":9", "n")]
    [InlineData("\"web_search_options\":{}", "web_search_options")]
    [InlineData("\"search_parameters\":{\"mode\":\"on\"}", "search_parameters")]
    public void What_cannot_be_had_is_refused_by_name(string field, string param) =>
        Assert.Equal((param, FailureKind.Unsupported), (GeminiWire.FromChat(Ask("," + field)).Failure?.Param, GeminiWire.FromChat(Ask("," + field)).Failure?.Kind));

    [Theory]
    [InlineData("""[{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]""", "Images by address")]
    [InlineData("""[{"type":"image_url","image_url":{"url":"data:image/png;base64,***"}}]""", "base64")]
    [InlineData("""[{"type":"file","file":{"file_id":"file-1"}}]""", "file id")]
    public void Media_that_cannot_be_sent_is_refused(string content, string words)
    {
        var reading = Requests.ReadChat(Ask("", content));
        var failure = reading.IsOk ? GeminiWire.Write(reading.Value).Failure : reading.Failure;
        Assert.Contains(words, failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_no_harm_is_dropped_by_name()
    {
        var written = GeminiWire.FromChat(Ask($$""","user":"u","min_p":0.1,"repetition_penalty":1.1,"logit_bias":{"5":1},"parallel_tool_calls":false,"tools":[{{Weather}}],"seed":99999999999,"top_k":-1,"service_tier":"auto","x_new":1"""));
        Assert.Null(written.Failure);
        Assert.Equal(["logit_bias", "min_p", "parallel_tool_calls", "repetition_penalty", "seed", "service_tier", "top_k", "user", "x_new"], written.Dropped.Order());
        // Deterministic, so that prompt caches hold.
        Assert.Equal(written.Text, GeminiWire.FromChat(Ask($$""","user":"u","min_p":0.1,"repetition_penalty":1.1,"logit_bias":{"5":1},"parallel_tool_calls":false,"tools":[{{Weather}}],"seed":99999999999,"top_k":-1,"service_tier":"auto","x_new":1""")).Text);
    }

    [Fact]
    public void A_custom_tool_is_a_function_with_one_text()
    {
        var tool = new ChatTool("patch", "Applies a patch", null) { IsCustom = true };
        var call = new ChatPart.ToolCall("c1", "patch", "*** Begin") { IsCustom = true };
        var written = GeminiWire.Write(new ChatRequest
        {
            Model = "m",
            Tools = [tool],
            Messages =
            [
                new(ChatRole.User, [new ChatPart.Text("Go.")]), new(ChatRole.Assistant, [call]),
                new(ChatRole.Tool, [new ChatPart.ToolResult("c1", [new ChatPart.Text("ok")], false)]),
            ],
        }, strict: true);
        Assert.Null(written.Failure);
        Assert.Equal("""{"input":"*** Begin"}""", written.Json.GetProperty("contents")[1].GetProperty("parts")[0].GetProperty("functionCall").GetProperty("args").GetRawText());
        Assert.Equal("string", written.Json.GetProperty("tools")[0].GetProperty("functionDeclarations")[0].GetProperty("parametersJsonSchema").GetProperty("properties").GetProperty("input").GetProperty("type").GetString());
    }

    [Fact]
    public void Broken_arguments_are_kept_or_when_strict_refused()
    {
        const string Broken = """{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\""}}]},{"role":"tool","tool_call_id":"a","content":"x"}]}""";
        Assert.Equal("""{"_raw":"{\"a\""}""", GeminiWire.FromChat(Broken).Json.GetProperty("contents")[0].GetProperty("parts")[0].GetProperty("functionCall").GetProperty("args").GetRawText());
        Assert.NotNull(GeminiWire.FromChat(Broken, strict: true).Failure);
    }

    [Fact]
    public void A_conversation_without_a_turn_is_refused() =>
        Assert.Equal("messages", GeminiWire.FromChat("""{"model":"m","messages":[{"role":"system","content":"x"}]}""").Failure?.Param);

    [Fact]
    public void Names_of_tools_begin_with_a_letter_or_an_underscore_and_come_back_as_the_callers()
    {
        string[] names = ["1a", "_1a", "-a", "a", "_a", new string('9', 64), "9" + new string('.', 70)];
        var tools = string.Join(',', names.Select(name => $$$"""{"type":"function","function":{"name":"{{{name}}}"}}"""));
        var calls = string.Join(',', names.Select((name, at) => $$$"""{"id":"c{{{at}}}","type":"function","function":{"name":"{{{name}}}","arguments":"{}"}}"""));
        var results = string.Concat(names.Select((_, at) => $$""",{"role":"tool","tool_call_id":"c{{at}}","content":"r"}"""));
        var json = $$"""{"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{{calls}}]}{{results}}],"tools":[{{tools}}]}""";
        var written = GeminiWire.FromChat(json);
        var sent = written.Json.GetProperty("tools")[0].GetProperty("functionDeclarations").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()!).ToList();
        Assert.All(sent, name => Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$", name));
        Assert.Equal(names.Length, sent.Distinct().Count());
        Assert.Equal(["_1a", "a", "_a"], sent.Intersect(names));
        Assert.Equal(sent, written.Json.GetProperty("contents")[1].GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("functionCall").GetProperty("name").GetString()!));
        Assert.Equal(sent, written.Json.GetProperty("contents")[2].GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("functionResponse").GetProperty("name").GetString()!));
        var known = ToolNames.Of(Requests.ReadChat(json).Value!);
        Assert.Equal(names, sent.Select(known.Original));
    }

    [Theory]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}""", "messages[0].content[1]")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:application/zip;base64,AAAA"}}]}""", "messages[0].content[0]")]
    public void An_image_that_cannot_go_is_named_by_its_place(string message, string place) =>
        Assert.Equal(place, GeminiWire.FromChat($$"""{"model":"m","messages":[{{message}}]}""").Failure!.Param);

    [Fact]
    public void Places_of_images_are_those_of_the_callers_dialect()
    {
        Assert.Equal("messages[1].content[0].content[1]", GeminiWire.FromMessages("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"t"},{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}]}]}]}""").Failure!.Param);
        Assert.Equal("input[0].content[1]", GeminiWire.Write(Responses.Request("""{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"https://example.org/a.png"}]}]}""")).Failure!.Param);
    }
}
