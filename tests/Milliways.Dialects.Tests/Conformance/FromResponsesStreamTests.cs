using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Responses streams in other dialects, and other dialects' answers and histories in Responses (dialects 5).</summary>
public sealed class FromResponsesStreamTests
{
    private static string Added(int at, string item) => $$"""{"type":"response.output_item.added","output_index":{{at}},"item":{{item}}}""";

    private static string Done(int at, string item) => $$"""{"type":"response.output_item.done","output_index":{{at}},"item":{{item}}}""";

    private static string Thought(int at, string id, string text) =>
        $$"""{"type":"response.reasoning_summary_text.delta","item_id":"{{id}}","output_index":{{at}},"summary_index":0,"delta":"{{text}}"}""";

    private static string Call(string id, string arguments = "{}") => $$"""{"id":"fc_{{id}}","type":"function_call","call_id":"{{id}}","name":"f","arguments":{{JsonSerializer.Serialize(arguments)}}}""";

    private static string ToMessages(params string[] events)
    {
        var stream = Wire.WriteMessages(Responses.Read(Responses.Stream([.. events, """{"type":"response.completed","response":{"id":"r","model":"m","status":"completed"}}"""])).Events);
        MessagesGrammar.Check(stream);
        return stream;
    }

    private static IEnumerable<string> Blocks(string stream) => stream.Split("\n\n").Where(frame => frame.StartsWith("event: content_block_start", StringComparison.Ordinal))
        .Select(frame => JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement)
        .Select(data => $"{data.GetProperty("index")} {data.GetProperty("content_block").GetProperty("type").GetString()}");

    [Fact]
    public void Blocks_are_counted_from_zero_whatever_the_items_indexes_are() // BLK-12 CLIProxyAPI#539
    {
        var stream = ToMessages(
            Added(0, """{"id":"rs","type":"reasoning","summary":[]}"""), Done(0, """{"id":"rs","type":"reasoning","summary":[],"encrypted_content":"theirs"}"""),
            Added(1, """{"id":"ws","type":"web_search_call"}"""), Done(1, """{"id":"ws","type":"web_search_call","status":"completed"}"""),
            Added(4, """{"id":"msg","type":"message","content":[]}"""), """{"type":"response.output_text.delta","item_id":"msg","output_index":4,"content_index":0,"delta":"Hi"}""",
            Added(7, Call("c1", "")), Done(7, Call("c1")));
        Assert.Equal(["0 text", "1 tool_use"], Blocks(stream));
    }

    [Fact]
    public void Reasoning_items_between_other_items_are_thinking_blocks_between_other_blocks() // BLK-17 CLIProxyAPI#4581
    {
        var stream = ToMessages(
            Added(0, """{"id":"rs_1","type":"reasoning","summary":[]}"""), Thought(0, "rs_1", "one"), Done(0, """{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"one"}]}"""),
            Added(1, Call("c1", "")), Done(1, Call("c1")),
            Added(2, """{"id":"rs_2","type":"reasoning","summary":[]}"""), Thought(2, "rs_2", "two"), Done(2, """{"id":"rs_2","type":"reasoning","summary":[{"type":"summary_text","text":"two"}]}"""),
            Added(3, Call("c2", "")), Done(3, Call("c2")));
        Assert.Equal(["0 thinking", "1 tool_use", "2 thinking", "3 tool_use"], Blocks(stream));
        Assert.Equal(["one", "two"], Wire.ReadMessages(stream).Fold.Choices[0].Parts.OfType<ChatPart.Thinking>().Select(part => part.Value.Trim()));
    }

    [Fact]
    public void Signed_thinking_blocks_in_a_row_stay_as_many_items() // BLK-17
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("up", "m", 1), new ChatEvent.ReasoningDelta(0, "one"), new ChatEvent.ReasoningSigned(0, "s1"), new ChatEvent.ReasoningDelta(0, "two"), new ChatEvent.ReasoningSigned(0, "s2"),
            new ChatEvent.TextDelta(0, "Hi"), new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance,
        ];
        var output = ResponsesGrammar.Check(Responses.Write(events)).GetProperty("output").EnumerateArray().Select(item => item.GetProperty("type").GetString());
        Assert.Equal(["reasoning", "reasoning", "message"], output);
    }

    [Theory]
    [InlineData("{\"a\":1}", "{\"a\":1}")]
    [InlineData("", "{}")]
    public void Every_call_has_its_done_event_with_all_arguments(string sent, string whole) // ARG-10 CLIProxyAPI#4742
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("up", "m", 1), new ChatEvent.ToolCallStarted(0, 0, "c1", "f"), new ChatEvent.ToolCallDelta(0, 0, sent),
            new ChatEvent.ToolCallStarted(0, 1, "c2", "g"), new ChatEvent.ToolCallDelta(0, 1, sent), new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var stream = Responses.Write(events);
        ResponsesGrammar.Check(stream);
        var done = stream.Split("\n\n").Where(frame => frame.StartsWith("event: response.function_call_arguments.done\n", StringComparison.Ordinal))
            .Select(frame => JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement).ToList();
        Assert.Equal([whole, whole], done.Select(each => each.GetProperty("arguments").GetString()!));
        Assert.Equal([0, 1], done.Select(each => each.GetProperty("output_index").GetInt32()));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(300, false)]
    public void Ids_of_calls_fit_into_64_characters_and_still_match_their_results(int length, bool isKept) // TID-07 experiential#801
    {
        var (one, two) = (new string('x', length - 1) + "1", new string('x', length - 1) + "2");
        var request = new ChatRequest
        {
            Model = "m",
            Messages =
            [
                new(ChatRole.User, [new ChatPart.Text("q")]),
                new(ChatRole.Assistant, [new ChatPart.ToolCall(one, "f", "{}"), new ChatPart.ToolCall(two, "f", "{}")]),
                new(ChatRole.Tool, [new ChatPart.ToolResult(two, [new ChatPart.Text("2")], IsError: false), new ChatPart.ToolResult(one, [new ChatPart.Text("1")], IsError: false)]),
            ],
        };
        var ids = Responses.Upstream(request).Json.GetProperty("input").EnumerateArray().Skip(1).ToLookup(item => item.GetProperty("type").GetString(), item => item.GetProperty("call_id").GetString()!);
        Assert.All(ids.SelectMany(group => group), id => Assert.InRange(id.Length, 1, 64));
        Assert.Equal(2, ids["function_call"].Distinct().Count());
        Assert.Equal(ids["function_call"].Order(), ids["function_call_output"].Order());
        Assert.Equal(isKept, ids["function_call"].Contains(one));
    }

    [Fact]
    public void No_reasoning_of_another_turn_is_written_that_could_stand_without_what_followed_it() // THK-05 vercel/ai#7099, litellm#13420
    {
        var history = """[{"type":"message","role":"user","content":"q"},{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"theirs"},{"type":"message","role":"user","content":"and?"}]""";
        foreach (var request in new[] { Responses.Request($$"""{"model":"m","input":{{history}}}"""), Requests.ReadMessages("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"}]},{"role":"user","content":"and?"}]}""").Value! })
        {
            var written = Responses.Upstream(request);
            Assert.Null(written.Failure);
            Assert.DoesNotContain("reasoning", written.Json.GetProperty("input").GetRawText(), StringComparison.Ordinal);
            Assert.Equal(["q", "and?"], written.Json.GetProperty("input").EnumerateArray().Select(item => item.GetProperty("content").GetString()!));
        }
    }

    [Fact]
    public void Reasoning_is_a_summary_with_its_words_and_never_an_empty_piece_of_text() // THK-06 litellm#11302
    {
        var read = Wire.ReadChat("""
            data: {"id":"r","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"one "}}]}

            data: {"id":"r","choices":[{"index":0,"delta":{"content":"","reasoning_content":"two"}}]}

            data: {"id":"r","choices":[{"index":0,"delta":{"content":"Hi","reasoning_content":""}}]}

            data: {"id":"r","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: [DONE]


            """.ReplaceLineEndings("\n"));
        var stream = Responses.Write(read.Events);
        ResponsesGrammar.Check(stream);
        static IEnumerable<string> Deltas(string stream, string type) => stream.Split("\n\n").Where(frame => frame.StartsWith($"event: {type}\n", StringComparison.Ordinal))
            .Select(frame => JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement.GetProperty("delta").GetString()!);
        Assert.Equal(["one ", "two"], Deltas(stream, "response.reasoning_summary_text.delta"));
        Assert.Equal(["Hi"], Deltas(stream, "response.output_text.delta"));
    }
}
