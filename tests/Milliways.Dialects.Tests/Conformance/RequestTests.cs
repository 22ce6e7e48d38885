using System.Text.Json;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Requests on their way to the other dialect (dialects 5.3 to 5.9).</summary>
public sealed class RequestTests
{
    private const string Ask = """{"role":"user","content":"Q"}""";

    private static string Call(string id, string arguments = "{}") =>
        $$$"""{"role":"assistant","content":null,"tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":{{{JsonSerializer.Serialize(arguments)}}}}}]}""";

    private static string Result(string id, string content = "1") => $$"""{"role":"tool","tool_call_id":"{{id}}","content":"{{content}}"}""";

    private static JsonElement[] ToMessages(params string[] messages) => [.. Requests.ChatToMessages($$"""{"model":"m","messages":[{{string.Join(',', messages)}}]}""").Json.GetProperty("messages").EnumerateArray()];

    private static JsonElement[] ToChat(string messages) => [.. Requests.MessagesToChat($$"""{"model":"m","max_tokens":5,"messages":[{{messages}}]}""").Json.GetProperty("messages").EnumerateArray()];

    [Fact]
    public void Optional_parameters_that_a_call_leaves_out_stay_out() // ARG-11 9router#1278
    {
        const string Tools = """ "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a"]}}}]""";
        var written = Requests.ChatToMessages($$"""{"model":"m","messages":[{{Ask}},{{Call("c", "{\"a\":\"x\"}")}},{{Result("c")}}],{{Tools}}}""");
        Assert.Contains("\"input\":{\"a\":\"x\"}", written.Text, StringComparison.Ordinal);
        Assert.Contains("\"required\":[\"a\"]", written.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_orphaned_result_of_a_server_s_own_tool_goes_with_its_call() // RES-07 vercel/ai#17400
    {
        Assert.DoesNotContain("srvtoolu", Requests.ChatToMessages($$"""{"model":"m","messages":[{{Ask}},{{Result("srvtoolu_1")}},{{Call("c")}},{{Result("srvtoolu_2")}},{{Result("c")}}]}""").Text, StringComparison.Ordinal);
        Assert.Single(ToMessages(Ask, Result("srvtoolu_1")));
    }

    [Fact]
    public void All_results_of_a_parallel_set_arrive() // RES-08 dify#2352
    {
        var messages = ToChat("""
            {"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}},{"type":"tool_use","id":"c","name":"f","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"3"},{"type":"tool_result","tool_use_id":"a","content":"1"},{"type":"tool_result","tool_use_id":"b","content":"2"}]}
            """);
        Assert.Equal(["a 1", "b 2", "c 3"], messages.Where(message => message.GetProperty("role").GetString() == "tool").Select(message => $"{message.GetProperty("tool_call_id")} {message.GetProperty("content")}"));
    }

    [Fact]
    public void Calls_one_turn_after_another_stay_the_assistant_s() // RES-09 agent-framework#4328
    {
        var messages = ToMessages(Ask, Call("a"), Result("a"), Call("b"), Result("b"));
        Assert.Equal(["user", "assistant", "user", "assistant", "user"], messages.Select(message => message.GetProperty("role").GetString()));
        Assert.All(messages, message => Assert.Equal(message.GetProperty("role").GetString() == "assistant", message.GetRawText().Contains("tool_use\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ids_longer_than_openai_takes_are_shortened_alike_on_both_sides() // TID-06 litellm#17343
    {
        var id = "toolu_" + new string('x', 60);
        var messages = ToChat($$$"""{{{Ask}}},{"role":"assistant","content":[{"type":"tool_use","id":"{{{id}}}","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{{id}}}","content":"1"}]}""");
        var sent = messages[1].GetProperty("tool_calls")[0].GetProperty("id").GetString()!;
        Assert.Equal(40, sent.Length);
        Assert.Equal(sent, messages[2].GetProperty("tool_call_id").GetString());
    }

    [Fact]
    public void Text_of_a_result_is_one_string_for_strict_servers() // CNT-12 CLIProxyAPI#4737
    {
        var messages = ToChat($$$"""{{{Ask}}},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]}]}""");
        Assert.Equal("1\n2", messages[2].GetProperty("content").GetString());
    }

    [Fact]
    public void Tools_their_schemas_and_the_choice_arrive_whole_in_both_directions() // PAR-10 bifrost#3511
    {
        const string Schema = """{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"enum":[1,null]}},"additionalProperties":false}""";
        var toMessages = Requests.ChatToMessages($$$"""{"model":"m","messages":[{{{Ask}}}],"tools":[{"type":"function","function":{"name":"f","description":"D","parameters":{{{Schema}}}}}],"tool_choice":"required"}""");
        Assert.Equal("[{\"name\":\"f\",\"description\":\"D\",\"input_schema\":" + Schema + "}]", toMessages.Json.GetProperty("tools").GetRawText());
        var toChat = Requests.MessagesToChat($$$"""{"model":"m","max_tokens":5,"messages":[{{{Ask}}}],"tools":[{"name":"f","description":"D","input_schema":{{{Schema}}}}],"tool_choice":{"type":"any"}}""");
        Assert.Equal("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"D\",\"parameters\":" + Schema + "}}]", toChat.Json.GetProperty("tools").GetRawText());
        Assert.Equal("required", toChat.Json.GetProperty("tool_choice").GetString());
    }

    [Theory]
    [InlineData("""{"type":"json_object"}""")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":false}}""")]
    [InlineData("""{"type":"text"}""")]
    public void The_kind_of_a_format_is_never_taken_for_another(string format) => // STR-04 CLIProxyAPI#4802
        Assert.Equal(format, Requests.Chat(Requests.ReadChat($$"""{"model":"m","messages":[{{Ask}}],"response_format":{{format}}}""").Value!).Json.GetProperty("response_format").GetRawText());

    [Fact]
    public void A_tool_turn_without_thinking_switches_manual_thinking_off_for_the_request() // THK-03 openai-agents-python#678
    {
        var options = new MessagesWriteOptions { Model = "m", Thinking = ThinkingStyle.Manual };
        var bare = Requests.ChatToMessages($$"""{"model":"m","messages":[{{Ask}},{{Call("a")}},{{Result("a")}}],"reasoning_effort":"low"}""", options);
        Assert.False(bare.Json.TryGetProperty("thinking", out _));
        Assert.Equal(["reasoning_effort"], bare.Dropped);
        var signed = Call("a").Replace("\"content\":null", "\"content\":null,\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":\"T\",\"signature\":\"s\"}]", StringComparison.Ordinal);
        Assert.True(Requests.ChatToMessages($$"""{"model":"m","messages":[{{Ask}},{{signed}},{{Result("a")}}],"reasoning_effort":"low"}""", options).Json.TryGetProperty("thinking", out _));
    }

    [Fact]
    public void Tools_and_system_text_count_in_an_estimate() // USG-14 CLIProxyAPI#679
    {
        var plain = Requests.ReadMessages($$"""{"model":"m","max_tokens":5,"messages":[{{Ask}}]}""").Value!;
        var full = Requests.ReadMessages($$$"""{"model":"m","max_tokens":5,"messages":[{{{Ask}}}],"system":"{{{new string('s', 300)}}}","tools":[{"name":"f","description":"{{{new string('d', 300)}}}","input_schema":{"type":"object"}}]}""").Value!;
        Assert.True(TokenEstimate.OfPrompt(full) >= TokenEstimate.OfPrompt(plain) + 200);
        Assert.True(TokenEstimate.OfPrompt(plain) > 0);
    }
}
