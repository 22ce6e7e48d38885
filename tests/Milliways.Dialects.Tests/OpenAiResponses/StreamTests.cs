using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

public sealed class StreamTests
{
    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_stream_written_and_read_in_any_pieces_is_the_same_answer(Flavour flavour) => Dice.Check((dice, pieces) =>
    {
        var events = Answers.Events(dice);
        var stream = Responses.Write(events, flavour);
        ResponsesGrammar.Check(stream);
        Assert.Equal(Responses.Parts(Wire.Fold(events)), Responses.Parts(Responses.Read(stream, pieces).Fold));
    });

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_whole_answer_is_the_response_of_the_streams_last_event(Flavour flavour) => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice);
        var last = ResponsesGrammar.Check(Responses.Write(events, flavour));
        Assert.Equal(last.GetRawText(), Responses.WriteAnswer(Wire.Fold(events), flavour));
    });

    [Fact]
    public void A_stream_cut_at_any_byte_before_its_terminal_event_never_ends_as_a_clean_answer() => Dice.Check((dice, _) =>
    {
        var stream = Responses.Write(Answers.Events(dice));
        var read = Responses.Read(stream[..dice.Upto(stream.LastIndexOf("event: response.", StringComparison.Ordinal))]).Fold;
        Assert.False(read.IsComplete);
        Assert.NotNull(read.Failure);
    });

    [Fact]
    public void A_broken_answer_ends_with_one_terminal_event_that_says_so() /* ERR-06 talon#254 */ => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice);
        events = [.. events.Take(1 + dice.Upto(events.Count - 2)), new ChatEvent.Failed(Failure.Broken("stream", "cut"))];
        var stream = Responses.Write(events);
        Assert.Equal("failed", ResponsesGrammar.Check(stream).GetProperty("status").GetString());
        Assert.NotNull(Responses.Read(stream).Fold.Failure);
    });

    [Fact]
    public void No_bytes_make_a_reader_of_answers_throw() => Dice.Check((dice, pieces) =>
    {
        var events = Answers.Events(dice);
        foreach (var text in new[] { Responses.Write(events), Responses.WriteAnswer(Wire.Fold(events)) })
        {
            var letters = text.ToCharArray();
            for (var flips = 0; flips < 6; flips++) letters[dice.Upto(letters.Length)] = dice.One('"', '{', '}', '[', ']', ',', ':', '0', '\\', '\n', '\ud83d', 'u', '-');
            foreach (var read in new[] { Responses.Read(new string(letters), pieces), Responses.ReadAnswer(new string(letters)) })
                Assert.True(read.Fold.IsComplete != read.Fold.Failure is not null);
        }
    });

    [Fact]
    public void Signatures_and_redacted_thinking_come_back_byte_for_byte_when_the_caller_asked_for_them()
    {
        ChatEvent[] events =
        [
            new ChatEvent.Started("up", "claude", 1),
            new ChatEvent.ReasoningDelta(0, "first\n"), new ChatEvent.ReasoningSigned(0, "sig+/=1"),
            new ChatEvent.ReasoningDelta(0, "second"), new ChatEvent.ReasoningSigned(0, "sig2"),
            new ChatEvent.RedactedReasoning(0, "opaque"),
            new ChatEvent.ToolCallStarted(0, 0, "c1", "f"), new ChatEvent.ToolCallDelta(0, 0, "{}"),
            new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var output = ResponsesGrammar.Check(Responses.Write(events)).GetProperty("output").GetRawText();
        var request = Responses.Request($$"""{"model":"m","input":{{output}}}""");
        var turn = Assert.Single(request.Messages);
        Assert.Equal(["thinking first\\n sig+/=1", "thinking second sig2", "redacted opaque", "call c1 f {}"], turn.Parts.Select(Texts.Of));

        var unasked = ResponsesGrammar.Check(Responses.Write(events, request: Responses.Asked with { EncryptedReasoning = false })).GetProperty("output").GetRawText();
        Assert.DoesNotContain("encrypted_content", unasked, StringComparison.Ordinal);
        Assert.DoesNotContain("opaque", unasked, StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_and_log_probabilities_stand_in_the_stream_and_in_the_whole()
    {
        var token = new TokenLogprob("Hi", -0.5, "Hi"u8.ToArray()) { Top = [new TokenLogprob("Ho", -1, null)] };
        ChatEvent[] events =
        [
            new ChatEvent.Started("up", "m", 1),
            new ChatEvent.TextDelta(0, "Hi") { Logprobs = [token] }, new ChatEvent.TextDelta(0, "!"),
            new ChatEvent.Cited(0, new ChatCitation("https://example.org", "Example", 0, 2)),
            new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance,
        ];
        var stream = Responses.Write(events);
        var part = ResponsesGrammar.Check(stream).GetProperty("output")[0].GetProperty("content")[0];
        Assert.Equal("""[{"type":"url_citation","url":"https://example.org","title":"Example","start_index":0,"end_index":2}]""", part.GetProperty("annotations").GetRawText());
        Assert.Equal("""[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Ho","logprob":-1,"bytes":[]}]}]""", part.GetProperty("logprobs").GetRawText());
        Assert.Contains("response.output_text.annotation.added", stream, StringComparison.Ordinal);

        var text = Assert.IsType<ChatPart.Text>(Assert.Single(Responses.Read(stream).Fold.Choices[0].Parts));
        Assert.Equal(new ChatCitation("https://example.org", "Example", 0, 2), Assert.Single(text.Citations));
        Assert.Equal("Hi", Assert.Single(text.Logprobs).Token);
        Assert.Equal(ResponsesGrammar.Check(stream).GetRawText(), Responses.WriteAnswer(Wire.Fold(events)));
    }

    [Fact]
    public void Custom_tools_and_namespaces_get_their_own_items_and_names_back()
    {
        var request = Responses.Request(
            """{"model":"m","input":"x","tools":[{"type":"custom","name":"patch"},{"type":"namespace","name":"git","description":"d","tools":[{"type":"function","name":"log","parameters":{}}]}]}""");
        Assert.Equal(["patch", "git__log"], request.Tools.Select(tool => tool.Name));
        ChatEvent[] events =
        [
            new ChatEvent.Started("up", "m", 1),
            new ChatEvent.ToolCallStarted(0, 0, "c1", "patch"), new ChatEvent.ToolCallDelta(0, 0, "{\"input\":\"*** Begin\\n\"}"),
            new ChatEvent.ToolCallStarted(0, 1, "c2", "git__log"), new ChatEvent.ToolCallDelta(0, 1, "{\"n\":1}"),
            new ChatEvent.Finished(0, StopReason.ToolUse), ChatEvent.Completed.Instance,
        ];
        var restored = new Recorder();
        var names = ToolNames.Of(request).Restoring(restored);
        foreach (var each in events) names.On(each);
        var output = ResponsesGrammar.Check(Responses.Write(restored.Events, request: request)).GetProperty("output");
        Assert.Equal("""{"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"c1","name":"patch","input":"*** Begin\n"}""", output[0].GetRawText());
        Assert.Equal("""{"id":"fc_1","type":"function_call","status":"completed","call_id":"c2","name":"log","namespace":"git","arguments":"{\"n\":1}"}""", output[1].GetRawText());

        var history = Responses.Request($$"""{"model":"m","input":{{output.GetRawText()}}}""").Messages[0].Parts.Cast<ChatPart.ToolCall>();
        Assert.Equal([("patch", true), ("git__log", false)], history.Select(call => (call.Name, call.IsCustom)));
    }

    [Theory]
    [InlineData(StopReason.MaxTokens, "max_output_tokens")]
    [InlineData(StopReason.ContextFull, "max_output_tokens")]
    [InlineData(StopReason.ContentFilter, "content_filter")]
    public void What_was_cut_off_is_incomplete_with_its_reason(StopReason reason, string word)
    {
        ChatEvent[] events = [new ChatEvent.Started("up", "m", 1), new ChatEvent.TextDelta(0, "half"), new ChatEvent.Finished(0, reason), ChatEvent.Completed.Instance];
        var stream = Responses.Write(events);
        var response = ResponsesGrammar.Check(stream);
        Assert.Contains("event: response.incomplete\n", stream, StringComparison.Ordinal);
        Assert.Equal(("incomplete", word), (response.GetProperty("status").GetString(), response.GetProperty("incomplete_details").GetProperty("reason").GetString()));
        Assert.Equal("incomplete", response.GetProperty("output")[0].GetProperty("status").GetString());
        Assert.Equal(response.GetRawText(), Responses.WriteAnswer(Wire.Fold(events)));
    }
}
