using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Custom tools: native where they are known, a function with one text elsewhere, and back (dialects 1.4, 4.3).</summary>
public sealed class CustomToolTests
{
    private const string Body = """
        {"model":"m","messages":[{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"custom","custom":{"name":"run","input":"ls \"x\""}}]},{"role":"tool","tool_call_id":"a","content":"y"}],
        "tools":[{"type":"custom","custom":{"name":"run","description":"Runs.","format":{"type":"grammar","grammar":{"definition":"start: /x/","syntax":"lark"}}}},{"type":"function","function":{"name":"f"}}],
        "tool_choice":{"type":"custom","custom":{"name":"run"}}}
        """;

    private static ChatRequest Request => Requests.ReadChat(Body).Value!;

    [Fact]
    public void They_go_as_they_are_to_an_upstream_that_knows_them()
    {
        var written = Requests.Chat(Request, new ChatWriteOptions { Model = "m", CustomTools = true });
        Assert.Empty(written.Dropped);
        var same = Dice.Json(Body);
        foreach (var name in new[] { "tools", "tool_choice" }) Assert.True(System.Text.Json.JsonElement.DeepEquals(same.GetProperty(name), written.Json.GetProperty(name)), written.Text);
        Assert.Contains("""{"id":"a","type":"custom","custom":{"name":"run","input":"ls \"x\""}}""", written.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void They_become_functions_elsewhere_and_the_lost_grammar_is_named()
    {
        foreach (var written in new[] { Requests.Chat(Request), Requests.Messages(Request, new MessagesWriteOptions { Model = "m" }) })
        {
            Assert.Null(written.Failure);
            Assert.Equal(["tools.format"], written.Dropped);
            Assert.Contains("The input must match this lark grammar:\\nstart: /x/", written.Text, StringComparison.Ordinal);
            Assert.Contains("""{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}""", written.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"custom\"", written.Text, StringComparison.Ordinal);
        }

        Assert.Contains("""{"id":"a","type":"function","function":{"name":"run","arguments":"{\"input\":\"ls \\\"x\\\"\"}"}}""", Requests.Chat(Request).Text, StringComparison.Ordinal);
        Assert.Contains("\"input\":{\"input\":\"ls \\\"x\\\"\"}", Requests.Messages(Request).Text, StringComparison.Ordinal);
        Assert.Contains("\"tool_choice\":{\"type\":\"tool\",\"name\":\"run\"}", Requests.Messages(Request).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ls \"x\"\n", "{\"input\":", "\"ls \\\"x\\\"", "\\n\"}")]
    [InlineData("ls", "{\"input\":\"ls\"}")]
    [InlineData("{\"other\":1}", "{\"other\":1}")] // another shape is the input as it is
    [InlineData("{\"cut\":", "{\"cut\":")]
    [InlineData("")]
    public void A_function_s_call_comes_back_as_the_custom_call_in_one_piece(string input, params string[] pieces)
    {
        List<ChatEvent> events = [new ChatEvent.Started("u", "m", 0), new ChatEvent.ToolCallStarted(0, 0, "a", "run"), .. pieces.Select(piece => new ChatEvent.ToolCallDelta(0, 0, piece)), new ChatEvent.Finished(0, StopReason.ToolUse)];
        var sink = new Recorder();
        var restoring = ToolNames.Of(Request).Restoring(sink);
        foreach (var each in events) restoring.On(each);
        Assert.True(sink.Of<ChatEvent.ToolCallStarted>().Single().IsCustom);
        Assert.True(sink.Of<ChatEvent.ToolCallDelta>().Count() <= 1);
        var call = Assert.IsType<ChatPart.ToolCall>(sink.Fold.Choices[0].Parts.Single());
        Assert.Equal((input, true), (call.Arguments, call.IsCustom));
    }

    [Fact]
    public void Other_calls_stream_on_untouched_beside_a_custom_one()
    {
        var sink = new Recorder();
        var restoring = ToolNames.Of(Request).Restoring(sink);
        restoring.On(new ChatEvent.Started("u", "m", 0));
        restoring.On(new ChatEvent.ToolCallStarted(0, 0, "a", "run"));
        restoring.On(new ChatEvent.ToolCallStarted(0, 1, "b", "f"));
        restoring.On(new ChatEvent.ToolCallDelta(0, 1, "{\"q\""));
        Assert.Equal("{\"q\"", sink.Of<ChatEvent.ToolCallDelta>().Single().Arguments);
    }

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_custom_call_is_written_and_read_as_one_whole_and_streamed(Flavour flavour)
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("u", "m", 0), new ChatEvent.ToolCallStarted(0, 0, "a", "run") { IsCustom = true }, new ChatEvent.ToolCallDelta(0, 0, "ls"), new ChatEvent.ToolCallDelta(0, 0, " -l"),
            new ChatEvent.ToolCallStarted(0, 1, "b", "run") { IsCustom = true }, new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var whole = Wire.WriteChatAnswer(Wire.Fold(events), flavour);
        Assert.Contains("""{"id":"a","type":"custom","custom":{"name":"run","input":"ls -l"}},{"id":"b","type":"custom","custom":{"name":"run","input":""}}""", whole, StringComparison.Ordinal);
        foreach (var read in new[] { Wire.ReadChatAnswer(whole), Wire.ReadChat(Wire.WriteChat(events, flavour)) })
            Assert.Equal([("ls -l", true), ("", true)], read.Fold.Choices[0].Parts.OfType<ChatPart.ToolCall>().Select(call => (call.Arguments, call.IsCustom)));
    }

    [Fact]
    public void A_message_shows_its_input_as_a_text_of_an_object()
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("u", "m", 0), new ChatEvent.ToolCallStarted(0, 0, "a", "run") { IsCustom = true }, new ChatEvent.ToolCallDelta(0, 0, "ls \""), new ChatEvent.ToolCallDelta(0, 0, "x\""),
            new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var stream = Wire.WriteMessages(events);
        MessagesGrammar.Check(stream);
        foreach (var read in new[] { Wire.ReadMessages(stream), Wire.ReadMessage(Wire.WriteMessage(Wire.Fold(events))) })
            Assert.Equal("{\"input\":\"ls \\\"x\\\"\"}", read.Fold.Choices[0].Parts.OfType<ChatPart.ToolCall>().Single().Arguments);
    }

    [Fact]
    public void A_subset_of_allowed_tools_may_name_custom_ones()
    {
        var request = Requests.ReadChat(Body.Replace("""{"type":"custom","custom":{"name":"run"}}}""", """{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"custom","custom":{"name":"run"}}]}}}""", StringComparison.Ordinal)).Value!;
        Assert.Equal("run", request.Tools.Single().Name);
        Assert.Equal(ToolChoiceMode.Required, request.ToolChoice!.Mode);
    }
}
