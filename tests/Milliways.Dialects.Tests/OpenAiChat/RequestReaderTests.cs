using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiChat;

public sealed class RequestReaderTests
{
    private static string With(string members) => $$"""{"model":"m","messages":[{"role":"user","content":"Hi"}],{{members}}}""";

    private static ChatRequest Read(string json)
    {
        var reading = Requests.ReadChat(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return reading.Value!;
    }

    private static string Messages(string json) => string.Join('\n', Read($$"""{"model":"m","messages":[{{json}}]}""").Messages
        .Select(turn => turn.Role + (turn.Name is null ? "" : "/" + turn.Name) + ": " + string.Join(" | ", turn.Parts.Select(Texts.Of))));

    [Theory]
    [InlineData("""{"role":"system","content":"S","name":"n"}""", "System/n: text S")]
    [InlineData("""{"role":"developer","content":[{"type":"text","text":"S"}]}""", "Developer: text S")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"http://x/i.png","detail":"low"}},{"type":"text","text":"b"}]}""", "User: text a | image http://x/i.png   low | text b")] // CNT-08
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"DATA:image/JPG;charset=x;base64,/9j_"}}]}""", "User: image  image/jpeg /9j/ ")] // CNT-14
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:;base64,iVBORw0KGgoA"}}]}""", "User: image  image/png iVBORw0KGgoA ")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"filename":"d.pdf","file_data":"data:application/pdf;base64,JVBERi0x"}}]}""", "User: document application/pdf JVBERi0x   d.pdf")] // CNT-13
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"file_id":"f1"}}]}""", "User: document    f1 ")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}""", """User: text a {"type":"ephemeral"}""")]
    [InlineData("""{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]}""", "Assistant: call a f ")]
    [InlineData("""{"role":"assistant","content":"","reasoning_content":"R","refusal":"No"}""", "Assistant: thinking R  | refusal No")]
    [InlineData("""{"role":"assistant","function_call":{"name":"f","arguments":"{}"}}""", "Assistant: call call_* f {}")]
    [InlineData("""{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"2"}]}""", "Tool: result a False [text 1] | result b False [text 2]")]
    [InlineData("""{"role":"tool","tool_call_id":null,"content":{"x":1}}""", """Tool: result  False [text {\"x\":1}]""")]
    public void Every_role_and_part_is_read(string message, string expected) =>
        Assert.Equal(expected, System.Text.RegularExpressions.Regex.Replace(Messages(message), "call_[0-9a-f]+", "call_*"));

    [Fact]
    public void Parameters_are_read_under_all_their_names()
    {
        var request = Read(With("""
            "max_tokens":5,"max_completion_tokens":9,"stop":"x","temperature":0.5,"top_p":1,"top_k":3,"min_p":0.1,"repetition_penalty":1.1,"n":2,"seed":7,
            "frequency_penalty":-2,"presence_penalty":2,"logit_bias":{"50":-100},"user":"u","safety_identifier":"s","stream":true,"stream_options":{"include_usage":true},
            "reasoning_effort":"low","parallel_tool_calls":false,"service_tier":"auto","logprobs":true,"top_logprobs":3,"metadata":{"a":"b"},"odd":1,"nothing":null
            """));
        Assert.Equal(9, request.MaxOutputTokens); // PAR-02
        Assert.Equal(["x"], request.Stop);
        Assert.Equal((0.5, 1.0, 3, 0.1, 1.1), (request.Temperature, request.TopP, request.TopK, request.MinP, request.RepetitionPenalty));
        Assert.Equal((2, 7, -2.0, 2.0, -100f), (request.N, (int)request.Seed!, request.FrequencyPenalty, request.PresencePenalty, request.LogitBias![50]));
        Assert.Equal(("s", true, true, "low"), (request.User, request.Stream, request.IncludeUsage, request.Thinking?.Effort));
        Assert.Equal((false, "auto", true, 3), (request.ParallelToolCalls, request.ServiceTier, request.Logprobs, request.TopLogprobs));
        Assert.Equal(["metadata", "odd"], request.Other.Keys.Order());
    }

    [Fact]
    public void Explicit_nulls_are_absent()
    {
        string[] names = ["tools", "tool_choice", "functions", "stop", "temperature", "n", "stream", "stream_options", "response_format", "reasoning_effort", "logit_bias", "user", "max_tokens", "seed", "metadata"];
        var nulls = Read(With(string.Join(',', names.Select(name => $"\"{name}\":null"))));
        Assert.Equal(Texts.Of(Read(With("\"stream\":false"))), Texts.Of(nulls));
        Assert.Empty(nulls.Other);
    }

    [Theory]
    [InlineData("\"none\"", ToolChoiceMode.None, null)]
    [InlineData("\"auto\"", ToolChoiceMode.Auto, null)]
    [InlineData("\"required\"", ToolChoiceMode.Required, null)]
    [InlineData("""{"type":"function","function":{"name":"f"}}""", ToolChoiceMode.Named, "f")]
    [InlineData("""{"type":"function","name":"f"}""", ToolChoiceMode.Named, "f")] // PAR-09
    [InlineData("""{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}""", ToolChoiceMode.Required, null)] // PAR-07
    public void Tool_choices_are_read(string choice, ToolChoiceMode mode, string? name)
    {
        var request = Read(With($$$$"""
            "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}},{"type":"function","name":"g"}],"tool_choice":{{{{choice}}}}
            """));
        Assert.Equal(new ChatToolChoice(mode, name), request.ToolChoice);
        Assert.Equal(choice.Contains("allowed", StringComparison.Ordinal) ? 1 : 2, request.Tools.Count); // PAR-14: flat tools too
    }

    [Fact]
    public void Deprecated_functions_are_tools()
    {
        var request = Read("""{"model":"m","functions":[{"name":"f"}],"function_call":{"name":"f"},"messages":[{"role":"assistant","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}]}""");
        Assert.Equal("f", request.Tools.Single().Name);
        Assert.Equal(ToolChoiceMode.Named, request.ToolChoice?.Mode);
        var call = (ChatPart.ToolCall)request.Messages[0].Parts[0];
        Assert.Equal(call.Id, ((ChatPart.ToolResult)request.Messages[1].Parts[0]).CallId);
    }

    private const string Choosing = """{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":""";

    [Theory]
    [InlineData("""{"model":"m"}""", FailureKind.Unprocessable, "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", FailureKind.Unprocessable, "model")]
    [InlineData("""{"model":1,"messages":[{"role":"user","content":"x"}]}""", FailureKind.Unprocessable, "model")]
    [InlineData("""{"model":"m","messages":[]}""", FailureKind.InvalidRequest, "messages")]
    [InlineData("""{"model":"m","messages":"x"}""", FailureKind.Unprocessable, "messages")]
    [InlineData("""{"model":"m","messages":[{"role":"robot","content":"x"}]}""", FailureKind.InvalidRequest, "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"content":"x"}]}""", FailureKind.Unprocessable, "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":5}]}""", FailureKind.Unprocessable, "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", FailureKind.Unprocessable, "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"hologram"}]}]}""", FailureKind.InvalidRequest, "messages[0].content[1].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}""", FailureKind.Unsupported, "messages[0].content[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"system","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}]}""", FailureKind.InvalidRequest, "messages[0].content[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,$$"}}]}]}""", FailureKind.InvalidRequest, "messages[0].content[0].image_url.url")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":3}""", FailureKind.InvalidRequest, "temperature")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", FailureKind.Unprocessable, "temperature")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0}""", FailureKind.InvalidRequest, "max_tokens")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"n":1.5}""", FailureKind.InvalidRequest, "n")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"stop":5}""", FailureKind.Unprocessable, "stop")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"stop":["a",5]}""", FailureKind.Unprocessable, "stop[1]")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"any"}""", FailureKind.InvalidRequest, "tool_choice")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search"}]}""", FailureKind.Unsupported, "tools[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f","description":"other"}}]}""", FailureKind.InvalidRequest, "tools[1]")]
    [InlineData("""{"model":"m","model":"n","messages":[{"role":"user","content":"x"}]}""", FailureKind.InvalidRequest, null)]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}]} {}""", FailureKind.InvalidRequest, null)]
    [InlineData("nonsense", FailureKind.InvalidRequest, null)]
    [InlineData("", FailureKind.InvalidRequest, null)]
    [InlineData("[]", FailureKind.Unprocessable, null)]
    [InlineData(Choosing + """{"type":"allowed_tools"}}""", FailureKind.Unprocessable, "tool_choice.tools")]
    [InlineData(Choosing + """{"type":"allowed_tools","allowed_tools":{"mode":"auto"}}}""", FailureKind.Unprocessable, "tool_choice.allowed_tools.tools")]
    [InlineData(Choosing + """{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}}""", FailureKind.InvalidRequest, "tool_choice.allowed_tools.tools")]
    [InlineData(Choosing + """{"type":"allowed_tools","allowed_tools":{"mode":"garbage","tools":[{"type":"function","function":{"name":"f"}}]}}}""", FailureKind.InvalidRequest, "tool_choice.allowed_tools.mode")]
    [InlineData(Choosing + """{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"h"}}]}}}""", FailureKind.InvalidRequest, "tool_choice.allowed_tools.tools[1].function.name")]
    public void What_is_wrong_is_named_with_its_place(string json, FailureKind kind, string? param)
    {
        var reading = Requests.ReadChat(json);
        Assert.False(reading.IsOk);
        Assert.Equal((kind, param), (reading.Failure!.Kind, reading.Failure.Param is "" ? null : reading.Failure.Param));
    }

    [Fact]
    public void The_same_tool_twice_is_one_tool() => // PAR-12
        Assert.Single(Read(With("""
            "tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]
            """)).Tools);

    [Fact]
    public void A_schema_may_be_deep_but_not_bottomless()
    {
        static string Deep(int depth) => With("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":" + string.Concat(Enumerable.Repeat("{\"items\":", depth)) + "{}" + new string('}', depth) + "}}]");
        Assert.True(Requests.ReadChat(Deep(250)).IsOk);
        Assert.False(Requests.ReadChat(Deep(5000)).IsOk);
    }

    [Theory]
    [InlineData("""a\ud83d""", "a\uFFFD")]
    [InlineData("""\ud83dx\udc00""", "\uFFFDx\uFFFD")]
    [InlineData("""\\ud83d""", "\\ud83d")]
    [InlineData("""\ud83d\uDc2C""", "🐬")]
    public void Half_a_surrogate_pair_is_a_replacement_character_everywhere(string json, string text)
    {
        var request = Read($$$$"""{"model":"m","{{{{json}}}}":1,"messages":[{"role":"user","content":"{{{{json}}}}"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"{{{{json}}}}":"{{{{json}}}}"}}}]}""");
        Assert.Equal(text, request.Messages[0].Text);
        Assert.Equal(text, request.Other.Keys.Single());
        var written = Requests.Messages(request);
        Assert.Equal(text, written.Json.GetProperty("tools")[0].GetProperty("input_schema").EnumerateObject().Single(member => member.Value.ValueKind == System.Text.Json.JsonValueKind.String && member.Name != "type").Value.GetString());
    }

    [Fact]
    public void A_body_that_is_not_utf_8_is_refused() =>
        Assert.Equal(FailureKind.InvalidRequest, Dialects.OpenAiChat.RequestReader.Read(new byte[] { (byte)'{', (byte)'"', 0x80, (byte)'"', (byte)':', (byte)'1', (byte)'}' }).Failure?.Kind);
}
