using System.Text.Json;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Chat requests as Anthropic gets them (dialects 4.1, 4.4 to 4.9, §5).</summary>
public sealed class ChatToMessagesTests
{
    private const string Ask = """{"role":"user","content":"Q"}""";
    private const string CallAB = """{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}""";

    private static string Result(string id, string content) => $$"""{"role":"tool","tool_call_id":"{{id}}","content":"{{content}}"}""";

    private static Requests.Written Cross(string messages, string members = "", MessagesWriteOptions? options = null) =>
        Requests.ChatToMessages($$"""{"model":"m","messages":[{{messages}}]{{(members.Length > 0 ? "," + members : "")}}}""", options);

    private static string Member(string members, string name, MessagesWriteOptions? options = null)
    {
        var written = Cross(Ask, members, options);
        Assert.Null(written.Failure);
        return written.Json.TryGetProperty(name, out var value) ? value.GetRawText() : "absent";
    }

    /// <summary>Blocks in short: u[text] a[use a f {}] u[result a "1"].</summary>
    private static string Shape(Requests.Written written)
    {
        Assert.Null(written.Failure);
        return string.Join(' ', written.Json.GetProperty("messages").EnumerateArray().Select(message =>
            message.GetProperty("role").GetString()![..1] + "[" + (message.GetProperty("content") is { ValueKind: JsonValueKind.String } text
                ? text.GetString() : string.Join(", ", message.GetProperty("content").EnumerateArray().Select(Block))) + "]"));
    }

    private static string Block(JsonElement block) => block.GetProperty("type").GetString() switch
    {
        "text" => block.GetProperty("text").GetString()!,
        "tool_use" => $"use {block.GetProperty("id")} {block.GetProperty("input").GetRawText()}",
        "tool_result" => $"result {block.GetProperty("tool_use_id")} {(block.TryGetProperty("content", out var content) ? content.GetRawText() : "-")}{(block.TryGetProperty("is_error", out _) ? "!" : "")}",
        var type => type + " " + (block.TryGetProperty("source", out var source) ? source.GetRawText() : ""),
    };

    [Theory]
    // RES-01, RES-02: one message, results first in the order of the calls.
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a "1", result b "2", T]""", "A|CALLS|b=2|a=1|T")]
    // Interlopers wait behind the results.
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a "1", result b "2", T, V]""", "A|CALLS|T|a=1|V|b=2")]
    // RES-05: a duplicate keeps the first place and the last content.
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a "9", result b "2"]""", "A|CALLS|a=1|b=2|a=9")]
    // RES-06: an empty result is an answer.
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a -, result b "2"]""", "A|CALLS|a=|b=2")]
    // A missing result is made up, and says so.
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a "1", result b "No result was given for this tool call."!, T]""", "A|CALLS|a=1|T")]
    // An orphan becomes a user's words.
    [InlineData("""u[Q, Result of tool call z: 7]""", "A|z=7")]
    [InlineData("""u[Q] a[use a {}, use b {}] u[result a "1", result b "2", Result of tool call z: 7]""", "A|CALLS|a=1|z=7|b=2")]
    public void Results_are_paired_with_their_calls(string expected, string turns)
    {
        var messages = turns.Split('|').Select(turn => turn switch
        {
            "A" => Ask,
            "CALLS" => CallAB,
            "T" or "V" => $$"""{"role":"user","content":"{{turn}}"}""",
            _ => Result(turn[..1], turn[2..]),
        });
        Assert.Equal(expected, Shape(Cross(string.Join(',', messages))));
    }

    [Fact]
    public void Strict_refuses_what_lenient_mends()
    {
        var strict = new MessagesWriteOptions { Model = "m", Strict = true };
        Assert.Contains("'b'", Cross($"{Ask},{CallAB},{Result("a", "1")}", "", strict).Failure!.Message, StringComparison.Ordinal);
        Assert.Contains("'z'", Cross($"{Ask},{Result("z", "1")}", "", strict).Failure!.Message, StringComparison.Ordinal);
        Assert.NotNull(Cross($"{Ask},{CallAB.Replace("{}", "{", StringComparison.Ordinal)},{Result("a", "1")},{Result("b", "1")}", "", strict).Failure);
    }

    [Theory]
    [InlineData("", "{}")] // ARG-01, ARG-03
    [InlineData("  ", "{}")]
    [InlineData("null", "{}")]
    [InlineData("""{\"b\":1.50,\"a\":2}""", """{"b":1.50,"a":2}""")]
    [InlineData("\\\"{\\\\\\\"a\\\\\\\":1}\\\"", """{"a":1}""")] // ARG-08
    [InlineData("[1]", """{"_raw":"[1]"}""")] // ARG-09
    [InlineData("5", """{"_raw":"5"}""")]
    [InlineData("""{\"a\":""", """{"_raw":"{\"a\":"}""")] // ARG-02
    public void Arguments_become_an_object_whatever_they_are(string arguments, string input)
    {
        var call = $$$"""{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{{{arguments}}}"}}]}""";
        Assert.Contains($"use a {input}]", Shape(Cross($"{Ask},{call},{Result("a", "1")}")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("u[Q] a[A] u[R]", "Q|a:A|R")]
    [InlineData("u[Q, R]", "Q|R")] // merged
    [InlineData("u[Q, R]", "Q|a:|R")] // CNT-01, CNT-02, CNT-03: an empty turn goes
    [InlineData("u[Q, R]", "Q|a: |R")]
    [InlineData("u[Q] a[A]", "Q|a:A  ")] // a prefill's blanks go
    [InlineData("u[Q]", "Q|")]
    public void Turns_are_merged_and_empties_left_out(string expected, string turns) =>
        Assert.Equal(expected, Shape(Cross(string.Join(',', turns.Split('|').Select(turn => turn.StartsWith("a:", StringComparison.Ordinal)
            ? $$"""{"role":"assistant","content":"{{turn[2..]}}"}""" : $$"""{"role":"user","content":"{{turn}}"}""")))));

    [Fact]
    public void System_and_developer_text_is_hoisted_in_order() // CNT-06, CNT-07
    {
        var written = Cross("""{"role":"system","content":"S1"},{"role":"user","content":"Q"},{"role":"developer","content":[{"type":"text","text":"S2","cache_control":{"type":"ephemeral"}},{"type":"text","text":" "}]}""");
        Assert.Equal("""[{"type":"text","text":"S1"},{"type":"text","text":"S2","cache_control":{"type":"ephemeral"}}]""", written.Json.GetProperty("system").GetRawText());
        Assert.Equal("u[Q]", Shape(written));
    }

    [Fact]
    public void System_turns_stay_where_the_model_takes_them()
    {
        var options = new MessagesWriteOptions { Model = "m", SystemTurns = true };
        Assert.Equal("u[Q] s[S]", Shape(Cross(Ask + """,{"role":"system","content":"S"}""", "", options)));
    }

    [Fact]
    public void A_conversation_without_turns_is_refused() =>
        Assert.Equal("messages", Cross("""{"role":"system","content":"S"}""").Failure?.Param);

    [Theory]
    [InlineData("\"stop\":\"x\"", "stop_sequences", """["x"]""")] // PAR-01
    [InlineData("\"stop\":[\" \",\"\"]", "stop_sequences", "absent")]
    [InlineData("\"stop\":null", "stop_sequences", "absent")]
    [InlineData("\"max_completion_tokens\":7,\"max_tokens\":9", "max_tokens", "7")] // PAR-02
    [InlineData("\"seed\":1", "max_tokens", "4096")] // PAR-03
    [InlineData("\"temperature\":1.7", "temperature", "1")] // PAR-04
    [InlineData("\"temperature\":0.7", "temperature", "0.7")] // PAR-06
    [InlineData("\"temperature\":0.7,\"top_p\":0.5", "top_p", "absent")] // PAR-05
    [InlineData("\"top_p\":0.5", "top_p", "0.5")]
    [InlineData("\"top_k\":5", "top_k", "5")]
    [InlineData("\"user\":\"u\"", "metadata", """{"user_id":"u"}""")]
    [InlineData("\"user\":\"u\",\"safety_identifier\":\"s\"", "metadata", """{"user_id":"s"}""")]
    [InlineData("\"service_tier\":\"default\"", "service_tier", "\"standard_only\"")]
    [InlineData("\"service_tier\":\"flex\"", "service_tier", "absent")]
    [InlineData("\"stream\":true", "stream", "true")]
    [InlineData("\"parallel_tool_calls\":false", "tool_choice", "absent")]
    [InlineData("\"tools\":[],\"tool_choice\":\"auto\"", "tools", "absent")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools", """[{"name":"f","input_schema":{"type":"object","properties":{}}}]""")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"$defs\":{\"x\":{}},\"anyOf\":[]},\"strict\":true}}]", "tools", """[{"name":"f","input_schema":{"type":"object","$defs":{"x":{}},"anyOf":[]},"strict":true}]""")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\",\"parallel_tool_calls\":false", "tool_choice", """{"type":"any","disable_parallel_tool_use":true}""")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"none\"", "tool_choice", """{"type":"none"}""")] // PAR-08
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"parallel_tool_calls\":false", "tool_choice", """{"type":"auto","disable_parallel_tool_use":true}""")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "tool_choice", """{"type":"tool","name":"f"}""")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\",\"properties\":{\"minimum\":{\"type\":\"integer\",\"minimum\":1}}}}}", "output_config", """{"format":{"type":"json_schema","schema":{"type":"object","properties":{"minimum":{"type":"integer","description":"(minimum: 1)"}},"additionalProperties":false}}}""")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "output_config", "absent")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "system", """[{"type":"text","text":"Respond with a single JSON object and nothing else."}]""")]
    [InlineData("\"seed\":1", "thinking", "absent")] // PAR-13
    [InlineData("\"reasoning_effort\":\"minimal\"", "output_config", """{"effort":"low"}""")]
    [InlineData("\"reasoning_effort\":\"high\"", "thinking", """{"type":"adaptive"}""")]
    [InlineData("\"reasoning_effort\":\"none\"", "thinking", """{"type":"disabled"}""")]
    [InlineData("\"reasoning_effort\":\"high\",\"temperature\":0.5", "temperature", "absent")]
    public void Parameters_cross(string members, string name, string expected) => Assert.Equal(expected, Member(members, name));

    [Theory]
    [InlineData("\"reasoning_effort\":\"low\"", "{\"type\":\"enabled\",\"budget_tokens\":1024}", 4096)]
    [InlineData("\"reasoning_effort\":\"high\"", "{\"type\":\"enabled\",\"budget_tokens\":24576}", 28672)]
    [InlineData("\"reasoning_effort\":\"medium\",\"max_tokens\":10000", "{\"type\":\"enabled\",\"budget_tokens\":8192}", 10000)]
    [InlineData("\"reasoning_effort\":\"none\"", "absent", 4096)]
    [InlineData("\"reasoning_effort\":\"low\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\"", "absent", 4096)] // STR-05
    public void Manual_thinking_gets_a_budget_below_the_bound(string members, string thinking, int bound)
    {
        var options = new MessagesWriteOptions { Model = "m", Thinking = ThinkingStyle.Manual };
        Assert.Equal(thinking, Member(members, "thinking", options));
        Assert.Equal(bound.ToString(System.Globalization.CultureInfo.InvariantCulture), Member(members, "max_tokens", options));
    }

    [Theory]
    [InlineData("\"n\":2", "n")]
    [InlineData("\"logprobs\":true", "logprobs")]
    [InlineData("\"audio\":{\"voice\":\"x\"}", "audio")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities")]
    [InlineData("\"web_search_options\":{}", "web_search_options")]
    [InlineData("\"deferred\":true", "deferred")]
    public void What_would_change_the_answer_is_refused_by_name(string members, string param)
    {
        var failure = Cross(Ask, members).Failure;
        Assert.Equal((FailureKind.Unsupported, param), (failure!.Kind, failure.Param));
    }

    [Fact]
    public void What_is_harmless_is_dropped_and_named() =>
        Assert.Equal(["frequency_penalty", "logit_bias", "metadata", "min_p", "odd", "presence_penalty", "repetition_penalty", "seed", "store", "verbosity"],
            Cross(Ask, """
                "seed":1,"frequency_penalty":1,"presence_penalty":1,"repetition_penalty":1,"min_p":0.1,"logit_bias":{"1":1},"metadata":{},"store":false,"verbosity":"low","odd":[],"logprobs":false,"modalities":["text"]
                """.Replace("\"modalities\":[\"text\"]", "\"n\":1", StringComparison.Ordinal)).Dropped.Order());

    [Theory]
    [InlineData("Bash:0")]
    [InlineData("a|b")]
    [InlineData("a.b")]
    public void Odd_ids_are_cleaned_alike_on_both_sides(string id)
    {
        var call = $$$"""{"role":"assistant","tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{}"}}]}""";
        var clean = ToolCallIds.ForAnthropic(id);
        Assert.Equal($"u[Q] a[use {clean} {{}}] u[result {clean} \"1\"]", Shape(Cross($"{Ask},{call},{Result(id, "1")}")));
        Assert.Matches("^[a-zA-Z0-9_-]+$", clean);
        Assert.NotEqual(ToolCallIds.ForAnthropic(id.Replace('.', '|')), ToolCallIds.ForAnthropic(id.Replace('|', '.') + "x")); // TID-05
    }

    [Fact]
    public void Cleaning_ids_is_injective() => Dice.Check((dice, _) => // TID-02, TID-05
    {
        var (one, two) = (dice.Text(), dice.Text());
        if (one != two) Assert.NotEqual(ToolCallIds.ForAnthropic(one), ToolCallIds.ForAnthropic(two));
        Assert.Matches("^[a-zA-Z0-9_-]+$", ToolCallIds.ForAnthropic(one));
        Assert.True(ToolCallIds.ForChat(string.Concat(Enumerable.Repeat(one + "i", 30))).Length <= 40);
    });

    [Fact]
    public void Thinking_of_others_is_dropped_and_never_shown() // THK-02
    {
        var history = """{"role":"assistant","content":"A","thinking_blocks":[{"type":"thinking","thinking":"own","signature":"mw-1"},{"type":"thinking","thinking":"theirs","signature":"sig"},{"type":"redacted_thinking","data":"D"}]}""";
        var text = Cross($"{Ask},{history},{Ask}").Text;
        Assert.DoesNotContain("own", text, StringComparison.Ordinal);
        Assert.Contains("""{"type":"thinking","thinking":"theirs","signature":"sig"},{"type":"redacted_thinking","data":"D"},{"type":"text","text":"A"}""", text, StringComparison.Ordinal); // THK-01, THK-04
        Assert.DoesNotContain("secret", Cross($$"""{{Ask}},{"role":"assistant","content":"A","reasoning_content":"secret"}""").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_become_blocks_and_bad_ones_are_refused()
    {
        static string Image(string url) => $$$"""{"role":"user","content":[{"type":"image_url","image_url":{"url":"{{{url}}}"}}]}""";
        Assert.Equal("""u[image {"type":"url","url":"https://x/i.png"}]""", Shape(Cross(Image("https://x/i.png")))); // CNT-09, CNT-15
        Assert.Equal("""u[image {"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}]""", Shape(Cross(Image("data:image/png;base64,iVBORw0KGgoA"))));
        Assert.NotNull(Cross(Image("data:image/tiff;base64,AAAA")).Failure);
    }

    [Fact]
    public void At_most_four_cache_marks_go_along_and_the_last_win()
    {
        var parts = string.Join(',', Enumerable.Range(0, 6).Select(at => $$$"""{"type":"text","text":"p{{{at}}}","cache_control":{"type":"ephemeral"}}"""));
        var text = Cross($$"""{"role":"user","content":[{{parts}}]}""").Text;
        Assert.Equal(5, text.Split("cache_control").Length);
        Assert.Contains("{\"type\":\"text\",\"text\":\"p1\"}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_tool_names_are_shortened_and_come_back()
    {
        var name = new string('n', 80) + ".x";
        var request = Requests.ReadChat($$$"""{"model":"m","messages":[{{{Ask}}}],"tools":[{"type":"function","function":{"name":"{{{name}}}"}}]}""").Value!;
        var sent = Requests.Messages(request).Json.GetProperty("tools")[0].GetProperty("name").GetString()!;
        Assert.Matches("^[a-zA-Z0-9_-]{1,64}$", sent);
        var sink = new Recorder();
        sink.On(new ChatEvent.Started("", "", 0));
        ToolNames.Of(request).Restoring(sink).On(new ChatEvent.ToolCallStarted(0, 0, "a", sent));
        Assert.Equal(name, sink.Of<ChatEvent.ToolCallStarted>().Single().Name);
    }
}
