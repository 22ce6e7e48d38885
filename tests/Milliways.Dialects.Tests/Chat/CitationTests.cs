using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Sources of an answer (dialects 1.5, 2.3, 4.10 "Response bodies", 4.12.2; xai-api 1.3.5, 1.3.8).</summary>
public sealed class CitationTests
{
    private const string Annotation = """{"type":"url_citation","url_citation":{"url":"https://a","title":"A","start_index":0,"end_index":2}}""";

    private static List<ChatCitation> Of(Recorder read) => [.. read.Fold.Choices[0].Parts.OfType<ChatPart.Text>().SelectMany(part => part.Citations)];

    private static Recorder Chunks(params string[] chunks) => Wire.ReadChat(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n");

    [Fact]
    public void Annotations_of_chat_are_read_whole_and_streamed()
    {
        var whole = Wire.ReadChatAnswer($$"""{"choices":[{"index":0,"message":{"content":"Hi","annotations":[{{Annotation}},{"type":"odd"}]},"finish_reason":"stop"}]}""");
        var streamed = Chunks("""{"choices":[{"index":0,"delta":{"content":"Hi"}}]}""", $$$"""{"choices":[{"index":0,"delta":{"annotations":[{{{Annotation}}}]}}]}""", """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        Assert.Equal([new ChatCitation("https://a", "A", 0, 2)], Of(whole));
        Assert.Equal(Of(whole), Of(streamed));
        Assert.Contains("\"annotations\":[" + Annotation + "]", Wire.WriteChatAnswer(whole.Fold, Flavour.OpenAi), StringComparison.Ordinal);
        Assert.Contains("\"delta\":{\"annotations\":[" + Annotation + "]}", Wire.WriteChat(streamed.Events, Flavour.OpenAi), StringComparison.Ordinal);
    }

    [Fact]
    public void Xai_s_list_is_read_wherever_it_stands_once_for_each_address_and_written_in_the_last_chunk()
    {
        const string List = "\"citations\":[\"https://a\",\"https://b\",\"https://a\"]";
        var whole = Wire.ReadChatAnswer($$"""{"choices":[{"index":0,"message":{"content":"Hi","annotations":[{{Annotation}}]},"finish_reason":"stop"}],{{List}}}""");
        Assert.Equal([new ChatCitation("https://a", "A", 0, 2), new ChatCitation("https://b")], Of(whole));
        var streamed = Chunks($$$$"""{"choices":[{"index":0,"delta":{"content":"Hi"}}],{{{{List}}}}}""", $$$$"""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],{{{{List}}}}}""");
        Assert.Equal(["https://a", "https://b"], Of(streamed).Select(citation => citation.Url));

        Assert.Contains("\"citations\":[\"https://a\",\"https://b\"]", Wire.WriteChatAnswer(whole.Fold, Flavour.Xai), StringComparison.Ordinal);
        foreach (var usage in new[] { true, false })
        {
            var frames = Wire.WriteChat(streamed.Events, Flavour.Xai, usage)[..^2].Split("\n\n");
            Assert.Contains("\"citations\":[\"https://a\",\"https://b\"]", frames[^2], StringComparison.Ordinal);
            Assert.All(frames[..^2], frame => Assert.DoesNotContain("citations", frame, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Anthropic_s_search_results_cite_the_block_they_stand_on_counted_in_characters()
    {
        const string Result = """{"type":"web_search_result_location","cited_text":"c","url":"https://a","title":"A","encrypted_index":"e"}""";
        var whole = Wire.ReadMessage("""
            {"type":"message","content":[{"type":"text","text":"a🐬"},{"type":"text","text":"bc","citations":[RESULT,{"type":"page_location","cited_text":"x"}]},{"type":"text","text":"d"}],"stop_reason":"end_turn","usage":{"output_tokens":1}}
            """.Replace("RESULT", Result, StringComparison.Ordinal));
        var streamed = Wire.ReadMessages(string.Concat(new[]
        {
            """{"type":"message_start","message":{"id":"m","usage":{"input_tokens":1}}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a🐬"}}""", """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""", """{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":RESULT}}""".Replace("RESULT", Result, StringComparison.Ordinal),
            """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"bc"}}""", """{"type":"content_block_stop","index":1}""",
            """{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"d"}}""", """{"type":"content_block_stop","index":2}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}""", """{"type":"message_stop"}""",
        }.Select(data => $"event: x\ndata: {data}\n\n")));
        Assert.Equal([new ChatCitation("https://a", "A", 2, 4)], Of(whole));
        Assert.Equal(Of(whole), Of(streamed));
        Assert.Contains("\"url\":\"https://a\",\"title\":\"A\",\"start_index\":2,\"end_index\":4", Wire.WriteChatAnswer(whole.Fold, Flavour.OpenAi), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_carries_them_on_the_text_block_whole_and_streamed()
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("u", "m", 0), new ChatEvent.TextDelta(0, "Hi"), new ChatEvent.Cited(0, new ChatCitation("https://a", "A", 0, 2)),
            new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance,
        ];
        const string Location = """{"type":"web_search_result_location","cited_text":"","url":"https://a","title":"A","encrypted_index":""}""";
        Assert.Contains("{\"type\":\"text\",\"text\":\"Hi\",\"citations\":[" + Location + "]}", Wire.WriteMessage(Wire.Fold(events)), StringComparison.Ordinal);
        var stream = Wire.WriteMessages(events);
        MessagesGrammar.Check(stream);
        Assert.Contains("\"delta\":{\"type\":\"citations_delta\",\"citation\":" + Location + "}", stream, StringComparison.Ordinal);
        Assert.Equal([new ChatCitation("https://a", "A", 0, 2)], Of(Wire.ReadMessages(stream)));
    }

    [Fact]
    public void A_source_that_comes_while_its_text_still_waits_is_not_lost()
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("u", "m", 0), new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.TextDelta(0, "Hi"), new ChatEvent.Cited(0, new ChatCitation("https://a")),
            new ChatEvent.ToolCallDelta(0, 0, "{}"), new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        Assert.Equal("https://a", Of(Wire.ReadMessages(Wire.WriteMessages(events))).Single().Url);
    }

    [Fact]
    public void A_source_that_comes_behind_a_call_has_a_text_block_of_its_own_whole_and_streamed()
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("u", "m", 0), new ChatEvent.TextDelta(0, "Hi"), new ChatEvent.Cited(0, new ChatCitation("https://a")), new ChatEvent.ToolCallStarted(0, 0, "a", "f"),
            new ChatEvent.ToolCallDelta(0, 0, "{}"), new ChatEvent.Cited(0, new ChatCitation("https://b")), new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var stream = Wire.WriteMessages(events);
        MessagesGrammar.Check(stream);
        Assert.Equal(["https://a", "https://b"], Of(Wire.ReadMessages(stream)).Select(citation => citation.Url));

        var whole = System.Text.Json.JsonDocument.Parse(Wire.WriteMessage(Wire.Fold(events))).RootElement.GetProperty("content");
        Assert.Equal(["text", "tool_use", "text"], whole.EnumerateArray().Select(block => block.GetProperty("type").GetString()));
        Assert.Equal(("", "https://b"), (whole[2].GetProperty("text").GetString(), whole[2].GetProperty("citations")[0].GetProperty("url").GetString()));
        Assert.Equal(("https://a", 1), (whole[0].GetProperty("citations")[0].GetProperty("url").GetString(), whole[0].GetProperty("citations").GetArrayLength()));
        var types = stream.Split("\n\n").Where(frame => frame.Contains("content_block_start", StringComparison.Ordinal)).Select(frame => frame.Contains("\"type\":\"text\"", StringComparison.Ordinal) ? "text" : "tool_use");
        Assert.Equal(["text", "tool_use", "text"], types);
        // A client sends the block back with its history, and no upstream gets to see it.
        var history = Requests.ReadMessages($$"""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":{{whole.GetRawText()}}}]}""");
        Assert.Equal(2, history.Value!.Messages[0].Parts.Count);
    }
}
