using System.Text.Json;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Messages requests as a Chat upstream gets them (dialects 4.2, 4.4 to 4.9, §5).</summary>
public sealed class MessagesToChatTests
{
    private const string Ask = """{"role":"user","content":"Q"}""";

    private static Requests.Written Cross(string messages, string members = "", ChatWriteOptions? options = null) =>
        Requests.MessagesToChat($$"""{"model":"m","max_tokens":50,"messages":[{{messages}}]{{(members.Length > 0 ? "," + members : "")}}}""", options);

    private static string Messages(string messages, string members = "", ChatWriteOptions? options = null)
    {
        var written = Cross(messages, members, options);
        Assert.Null(written.Failure);
        return written.Json.GetProperty("messages").GetRawText();
    }

    private static string Member(string members, string name, ChatWriteOptions? options = null)
    {
        var written = Cross(Ask, members, options);
        Assert.Null(written.Failure);
        return written.Json.TryGetProperty(name, out var value) ? value.GetRawText() : "absent";
    }

    [Fact]
    public void System_blocks_become_one_system_message_without_claude_code_s_attribution() =>
        Assert.Equal("""[{"role":"system","content":"S1\n\nS2"},{"role":"user","content":"Q"}]""", Messages(Ask, """
            "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=1;"},{"type":"text","text":"S1","cache_control":{"type":"ephemeral"}},{"type":"text","text":"S2"}]
            """));

    [Fact]
    public void A_system_turn_in_the_middle_stays_there() => // CNT-05
        Assert.Equal("""[{"role":"user","content":"Q"},{"role":"developer","content":"S"},{"role":"user","content":"Q"}]""",
            Messages($$"""{{Ask}},{"role":"system","content":"S"},{{Ask}}""", "", new ChatWriteOptions { Model = "m", DeveloperRole = true }));

    [Fact]
    public void Calls_and_results_are_translated() // RES-04, RES-10, RES-11, RES-12, ARG-13
    {
        const string History = """
            {"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"text","text":"A"},{"type":"tool_use","id":"a","name":"f","input":{"x": 1.50}},{"type":"tool_use","id":"b","name":"g","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"1"}]},{"type":"tool_result","tool_use_id":"b","content":"2","is_error":true},{"type":"text","text":"go on"}]}
            """;
        Assert.Equal("""[{"role":"user","content":"Q"},{"role":"assistant","content":"A","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"Error: 2"},{"role":"user","content":"go on"}]""",
            Messages(Ask + "," + History));
        Assert.Contains("\"reasoning_content\":\"T\"", Messages(Ask + "," + History, "", new ChatWriteOptions { Model = "m", ReasoningInHistory = true }), StringComparison.Ordinal); // THK-07
    }

    [Fact]
    public void A_call_without_text_has_null_content() => // CNT-04
        Assert.Contains("""{"role":"assistant","content":null,"tool_calls":""", Messages(Ask + """,{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"""), StringComparison.Ordinal);

    [Fact]
    public void Images_of_results_follow_in_a_user_message_after_all_results() // CNT-11, RES-03, CNT-10
    {
        const string Png = """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}}""";
        const string History = """
            {"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[PNG]},{"type":"tool_result","tool_use_id":"b","content":"2"}]}
            """;
        var history = History.Replace("PNG", Png, StringComparison.Ordinal);
        var messages = Cross(history).Json.GetProperty("messages");
        Assert.Equal(["user", "assistant", "tool", "tool", "user"], messages.EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal("""[{"type":"text","text":"Attached to the result of tool call a:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]""", messages[4].GetProperty("content").GetRawText());

        messages = Cross(history, "", new ChatWriteOptions { Model = "m", ImagesInToolMessages = true }).Json.GetProperty("messages");
        Assert.Equal(4, messages.GetArrayLength());
        Assert.Equal(JsonValueKind.Array, messages[2].GetProperty("content").ValueKind);
    }

    [Fact]
    public void Text_and_images_keep_their_order() => // CNT-08, CNT-09
        Assert.Equal("""[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://x/i.png"}},{"type":"text","text":"b"}]}]""",
            Messages("""{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"url","url":"https://x/i.png"}},{"type":"text","text":"b"}]}"""));

    [Fact]
    public void Documents_become_files_or_text() => // CNT-13
        Assert.Equal("""[{"role":"user","content":[{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0x"}},{"type":"text","text":"N\nbody"}]}]""",
            Messages("""{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"}},{"type":"document","title":"N","source":{"type":"text","media_type":"text/plain","data":"body"}}]}"""));

    [Theory]
    [InlineData("\"top_k\":5", "max_tokens", "50")]
    [InlineData("\"top_k\":5", "top_k", "5")]
    [InlineData("\"stop_sequences\":[\"a\",\"b\"]", "stop", """["a","b"]""")]
    [InlineData("\"temperature\":0.3", "temperature", "0.3")]
    [InlineData("\"metadata\":{\"user_id\":\"u\"}", "user", "\"u\"")]
    [InlineData("\"service_tier\":\"standard_only\"", "service_tier", "\"default\"")]
    [InlineData("\"stream\":true", "stream_options", """{"include_usage":true}""")]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}", "reasoning_effort", "\"low\"")]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9000}", "reasoning_effort", "\"high\"")]
    [InlineData("\"thinking\":{\"type\":\"adaptive\"}", "reasoning_effort", "absent")]
    [InlineData("\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"max\"}", "reasoning_effort", "\"xhigh\"")]
    [InlineData("\"thinking\":{\"type\":\"disabled\"}", "reasoning_effort", "\"none\"")]
    [InlineData("\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"},\"cache_control\":{\"type\":\"ephemeral\"},\"defer_loading\":true,\"strict\":true}]", "tools", """[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}]""")]
    [InlineData("\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}", "tool_choice", "\"required\"")]
    [InlineData("\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}", "parallel_tool_calls", "false")]
    [InlineData("\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}", "tool_choice", """{"type":"function","function":{"name":"f"}}""")]
    [InlineData("\"tools\":[],\"tool_choice\":{\"type\":\"auto\"}", "tool_choice", "absent")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{}}}}}", "response_format", """{"type":"json_schema","json_schema":{"name":"structured_output","schema":{"type":"object","properties":{"a":{}}},"strict":false}}""")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"],\"additionalProperties\":false}}}", "response_format", """{"type":"json_schema","json_schema":{"name":"structured_output","schema":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false},"strict":true}}""")]
    public void Parameters_cross(string members, string name, string expected) => Assert.Equal(expected, Member(members, name));

    [Fact]
    public void What_an_upstream_does_not_know_is_dropped_and_named()
    {
        var options = new ChatWriteOptions { Model = "m", Efforts = [], SamplingExtensions = false, MaxTokensField = MaxTokensField.MaxCompletionTokens };
        var written = Cross(Ask, "\"top_k\":5,\"thinking\":{\"type\":\"disabled\"},\"context_management\":{},\"speed\":\"fast\"", options);
        Assert.Equal(["context_management", "reasoning_effort", "speed", "top_k"], written.Dropped.Order());
        Assert.Equal(50, written.Json.GetProperty("max_completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData("\"stop_sequences\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop_sequences")]
    [InlineData("\"container\":\"c\"", "container")]
    [InlineData("\"mcp_servers\":[{}]", "mcp_servers")]
    public void What_would_change_the_answer_is_refused_by_name(string members, string param) => Assert.Equal(param, Cross(Ask, members).Failure?.Param);

    [Fact]
    public void A_long_user_id_is_hashed() =>
        Assert.Equal(66, Member($"\"metadata\":{{\"user_id\":\"{new string('u', 100)}\"}}", "user").Length);

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"tool","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"server_tool_use"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"odd"}]}]}]}""", "messages[0].content[0].content[0].type")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":"{}"}]}]}""", "messages[0].content[0].input")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}""", "messages[0].content[0].source.type")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", "tools[0].type")] // PAR-11
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"required"}}""", "tool_choice.type")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled"}}""", "thinking.budget_tokens")]
    public void What_is_wrong_is_named_with_its_place(string json, string param) => Assert.Equal(param, Requests.ReadMessages(json).Failure?.Param);

    [Fact]
    public void Counting_tokens_needs_no_bound() =>
        Assert.True(Dialects.Anthropic.RequestReader.Read("""{"model":"m","messages":[{"role":"user","content":"x"}]}"""u8.ToArray(), needsMaxTokens: false).IsOk);
}
