using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

/// <summary>What Responses upstreams really send: every text may come in several places, or in only one of them.</summary>
public sealed class StreamReaderTests
{
    private const string Created = """{"type":"response.created","sequence_number":0,"response":{"id":"resp_up","model":"m","created_at":7,"status":"in_progress","output":[]}}""";

    private const string Usage = """ "usage":{"input_tokens":14,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":34}""";

    private static string Completed(string output, string status = "completed") =>
        $$$"""{"type":"response.{{{(status == "failed" ? "failed" : "completed")}}}","response":{"id":"resp_up","model":"m","status":"{{{status}}}","output":[{{{output}}}],{{{Usage}}}}}""";

    private static Recorder Read(params string[] events) => Responses.Read(Responses.Stream(events));

    private static string Parts(Recorder read)
    {
        Assert.True(read.Fold.IsComplete, read.Fold.Failure?.Message);
        return string.Join(" | ", read.Fold.Choices.SelectMany(choice => choice.Parts).Select(Texts.Of));
    }

    private const string Message = """{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}""";

    private const string Call = """{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"}""";

    [Fact]
    public void Text_that_comes_only_in_the_terminal_event_is_not_lost() =>
        Assert.Equal("""text Hello | call c1 f {"a":1}""", Parts(Read(Created, Completed(Message + "," + Call))));

    [Fact]
    public void Text_that_comes_only_in_done_events_is_not_lost() => Assert.Equal("text Hello", Parts(Read(
        Created,
        """{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}}""",
        """{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":"Hello"}""",
        $$"""{"type":"response.output_item.done","output_index":0,"item":{{Message}}}""",
        Completed(Message))));

    [Fact]
    public void Text_that_comes_everywhere_is_told_once() => Assert.Equal("""text Hello | call c1 f {"a":1}""", Parts(Read(
        Created,
        """{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}}""",
        """{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hel"}""",
        """{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"lo"}""",
        """{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":"Hello"}""",
        """{"type":"response.content_part.done","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hello"}}""",
        $$"""{"type":"response.output_item.done","output_index":0,"item":{{Message}}}""",
        """{"type":"response.output_item.added","output_index":1,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":""}}""",
        """{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,"delta":"{\"a\":1}"}""",
        """{"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":1,"arguments":"{\"a\":1}"}""",
        $$"""{"type":"response.output_item.done","output_index":1,"item":{{Call}}}""",
        Completed(Message + "," + Call))));

    // BerriAI/litellm #22102 (RSP-01)
    [Fact]
    public void Deltas_of_an_item_that_was_never_added_are_read() => Assert.Equal("text Hello", Parts(Read(
        Created, """{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello"}""", Completed(Message))));

    // BerriAI/litellm #19125 (RSP-02)
    [Fact]
    public void Item_ids_that_differ_between_added_delta_and_the_whole_tell_nothing_twice() => Assert.Equal("text Hello", Parts(Read(
        Created,
        """{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message","content":[]}}""",
        """{"type":"response.output_text.delta","item_id":"b","output_index":0,"content_index":0,"delta":"Hello"}""",
        """{"type":"response.output_text.done","item_id":"c","output_index":0,"content_index":0,"text":"Hello"}""",
        Completed(Message))));

    // Oaklight/llm-rosetta #56 (RSP-03)
    [Fact]
    public void Deltas_without_indexes_and_a_terminal_event_without_output_are_an_answer() => Assert.Equal("text Hello", Parts(Read(
        """{"type":"response.output_text.delta","delta":"Hel"}""", """{"type":"response.output_text.delta","delta":"lo"}""", """{"type":"response.completed"}""")));

    // Shelpuk/kitty-bridge #122, agentgateway #1455 (RSP-05, RSP-06)
    [Fact]
    public void A_message_and_a_call_at_the_same_output_index_stay_apart() => Assert.Equal("""text Hello | call c1 f {"a":1}""", Parts(Read(
        Created,
        """{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}}""",
        """{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello"}""",
        """{"type":"response.output_item.added","output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":""}}""",
        """{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{\"a\":1}"}""",
        Completed(Message + "," + Call))));

    // router-for-me/CLIProxyAPI #2928 (RSP-07)
    [Fact]
    public void Empty_done_events_take_nothing_back() => Assert.Equal("text Hello", Parts(Read(
        Created,
        """{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello"}""",
        """{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":""}""",
        """{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":""}]}}""",
        Completed(""))));

    // pjq/sap-ai-core-llm-proxy #35 (RSP-13)
    [Fact]
    public void A_response_object_without_its_event_around_it_is_read()
    {
        var stream = "data: {\"id\":\"r\",\"object\":\"response\",\"model\":\"m\",\"status\":\"in_progress\",\"output\":[]}\n\n"
            + $"data: {{\"id\":\"r\",\"object\":\"response\",\"model\":\"m\",\"status\":\"completed\",\"output\":[{Message}]}}\n\n";
        Assert.Equal("text Hello", Parts(Responses.Read(stream)));
        Assert.Equal("text Hello", Parts(Responses.Read($"event: response.completed\ndata: {{\"id\":\"r\",\"model\":\"m\",\"output\":[{Message}]}}\n\n")));
    }

    // openai/codex #41340 (RSP-10)
    [Fact]
    public void A_done_marker_does_not_stand_for_the_terminal_event()
    {
        var read = Responses.Read(Responses.Stream(Created, """{"type":"response.output_text.delta","delta":"Hello"}""") + "data: [DONE]\n\n").Fold;
        Assert.False(read.IsComplete);
        Assert.Equal("end", read.Failure!.Stage);
    }

    [Fact]
    public void Summary_parts_are_one_thought_with_a_blank_line_between_and_raw_text_is_not_told_again() => Assert.Equal(@"thinking one\n\ntwo ", Parts(Read(
        Created,
        """{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"one"}""",
        """{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":0,"text":"one"}""",
        """{"type":"response.reasoning_text.delta","item_id":"rs_1","output_index":0,"content_index":0,"delta":"raw"}""",
        """{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":1,"text":"two"}""",
        Completed("""{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"content":[{"type":"reasoning_text","text":"raw"}]}"""))));

    [Fact]
    public void Raw_reasoning_alone_refusals_sources_and_custom_calls_are_told()
    {
        var read = Read(
            Created,
            """{"type":"response.reasoning_text.delta","item_id":"rs_1","output_index":0,"content_index":0,"delta":"raw"}""",
            """{"type":"response.refusal.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"No"}""",
            """{"type":"response.refusal.done","item_id":"msg_1","output_index":1,"content_index":0,"refusal":"No."}""",
            """{"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":1,"delta":"see"}""",
            """{"type":"response.output_text.annotation.added","item_id":"msg_1","output_index":1,"content_index":1,"annotation_index":0,"annotation":{"type":"url_citation","url":"https://example.org","title":"T","start_index":0,"end_index":3}}""",
            """{"type":"response.output_item.done","output_index":2,"item":{"id":"ctc_1","type":"custom_tool_call","call_id":"c9","name":"patch","input":"free text"}}""",
            """{"type":"response.output_item.done","output_index":3,"item":{"id":"ws_1","type":"web_search_call","status":"completed"}}""",
            Completed(""));
        Assert.Equal("thinking raw  | refusal No. | text see | call c9 patch free text", Parts(read));
        Assert.True(Assert.Single(read.Of<ChatEvent.ToolCallStarted>()).IsCustom);
        Assert.Equal(new ChatCitation("https://example.org", "T", 0, 3), Assert.Single(read.Of<ChatEvent.Cited>()).Citation);
    }

    [Fact]
    public void Usage_is_read_from_every_terminal_event() // USG-10
    {
        foreach (var status in new[] { "completed", "incomplete", "failed" })
            Assert.Equal(new ChatUsage(8, 4, 2, 20, 6), Read(Created, Completed(Message, status)).Fold.Usage);
    }

    [Theory]
    [InlineData("""{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}""", StopReason.MaxTokens)]
    [InlineData("""{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}""", StopReason.ContentFilter)]
    [InlineData("""{"status":"completed"}""", StopReason.EndTurn)]
    public void The_responses_own_status_says_how_it_ended(string response, StopReason reason)
    {
        // vLLM sends response.completed with the status incomplete.
        Assert.Equal(reason, Read(Created, $$"""{"type":"response.completed","response":{{response}}}""").Fold.Choices[0].Reason);
    }

    [Theory]
    [InlineData("""{"type":"error","code":"rate_limit_exceeded","message":"Slow down.","param":null}""", 429, "Slow down.")]
    [InlineData("""{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"Broken."}}}""", 500, "Broken.")] // ERR-10
    [InlineData("""{"type":"error","error":{"type":"server_error","message":"Nested."}}""", 500, "Nested.")]
    public void Errors_in_a_stream_are_failures_with_the_upstreams_words(string error, int status, string message)
    {
        var failure = Read(Created, """{"type":"response.output_text.delta","delta":"Hel"}""", error).Fold.Failure;
        Assert.Equal((status, message), (failure!.UpstreamStatus, failure.Message));
    }

    [Theory]
    [InlineData("""{"error":{"message":"CUDA is out of memory"}}""")]
    [InlineData("""{"id":"r","object":"response","status":"in_progress","output":[]}""")]
    [InlineData("""{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"x"},"output":[]}""")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("<html>")]
    [InlineData("")]
    public void A_whole_answer_that_is_none_is_a_failure(string body) => Assert.NotNull(Responses.ReadAnswer(body).Fold.Failure);
}
