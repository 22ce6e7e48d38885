using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

/// <summary>The answer of dialects 4.12.7 in this dialect, byte for byte, and all its variants.</summary>
public sealed class GoldenTraceTests
{
    private static readonly ChatEvent[] Trace = Chat.GoldenTraceTests.Trace;

    private static readonly Failure Cut = Failure.Broken("stream", "The upstream broke off.");

    private static string Stream { get; } = Responses.Write(Trace);

    [Theory]
    [InlineData(Flavour.Xai, "xai")]
    [InlineData(Flavour.OpenAi, "openai")]
    public void Streams_and_answers_are_these_bytes(Flavour flavour, string name)
    {
        Golden.Check($"trace.responses.{name}.stream.txt", Responses.Write(Trace, flavour, ticks: 1234500));
        Golden.Check($"trace.responses.{name}.json", Responses.WriteAnswer(Wire.Fold(Trace), flavour));
        Golden.Check($"broken.responses.{name}.stream.txt", Responses.Write([.. Trace.Take(5), new ChatEvent.Failed(Cut)], flavour));
    }

    [Fact]
    public void The_events_stand_in_the_order_of_the_trace()
    {
        ResponsesGrammar.Check(Stream);
        Assert.Equal(
        [
            "created", "in_progress",
            "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.delta",
            "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
            "output_item.added", "content_part.added", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
            "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
            "output_item.added", "function_call_arguments.done", "output_item.done",
            "completed",
        ], Names(Stream));
    }

    [Fact]
    public void It_crosses_from_this_dialect_to_each_other_and_back()
    {
        var read = Responses.Read(Stream);
        Assert.Equal(Texts.Of(Wire.Fold(Trace)), Texts.Of(read.Fold));
        Assert.Equal(Wire.WriteChat(Trace, Flavour.OpenAi), Wire.WriteChat(read.Events, Flavour.OpenAi));
        var (chat, messages) = (Wire.ReadChat(Wire.WriteChat(read.Events, Flavour.Xai)), Wire.ReadMessages(Wire.WriteMessages(read.Events)));
        Assert.Equal(ResponsesGrammar.Check(Stream).GetRawText(), ResponsesGrammar.Check(Responses.Write(chat.Events)).GetRawText());
        Assert.Equal(Texts.Of(Wire.Fold(Trace)), Texts.Of(Responses.Read(Responses.Write(messages.Events.Where(each => each is not ChatEvent.ReasoningSigned))).Fold));
        Assert.Equal(Texts.Of(Wire.Fold(Trace)), Texts.Of(Responses.ReadAnswer(Responses.WriteAnswer(Wire.Fold(Trace))).Fold));
    }

    [Fact]
    public void It_reads_the_same_cut_at_every_byte_and_with_other_line_ends()
    {
        var expected = Texts.Of(Wire.Fold(Trace));
        foreach (var size in Enumerable.Range(1, 97)) Assert.Equal(expected, Texts.Of(Responses.Read(Stream, [size]).Fold));
        Assert.Equal(expected, Texts.Of(Responses.Read(Stream.Replace("\n", "\r\n", StringComparison.Ordinal), [7]).Fold));
    }

    [Fact]
    public void Pings_comments_unknown_events_and_missing_event_lines_change_nothing()
    {
        var expected = Texts.Of(Wire.Fold(Trace));
        var noise = "\n\n: keepalive\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: response.new_thing\ndata: {\"type\":\"response.new_thing\",\"delta\":\"x\"}\n\n";
        Assert.Equal(expected, Texts.Of(Responses.Read(Stream.Replace("\n\n", noise, StringComparison.Ordinal)).Fold));
        var bare = string.Join('\n', Stream.Split('\n').Where(line => !line.StartsWith("event:", StringComparison.Ordinal)));
        Assert.Equal(expected, Texts.Of(Responses.Read(bare).Fold));
        Assert.Equal(expected, Texts.Of(Responses.Read(Stream + "data: [DONE]\n\n").Fold));
    }

    [Fact]
    public void Merged_fragments_and_interleaved_calls_are_the_same_answer()
    {
        ChatEvent[] merged =
        [
            Trace[0], new ChatEvent.ReasoningDelta(0, "R1R2"), new ChatEvent.TextDelta(0, "Hi!"), Trace[5], new ChatEvent.ToolCallDelta(0, 0, "{\"a\":1}"), .. Trace[8..],
        ];
        ChatEvent[] interleaved = [.. Trace[..6], Trace[8], Trace[6], Trace[7], .. Trace[9..]];
        foreach (var events in new[] { merged, interleaved })
        {
            var stream = Responses.Write(events);
            Assert.Equal(ResponsesGrammar.Check(Stream).GetRawText(), ResponsesGrammar.Check(stream).GetRawText());
            Assert.Equal(Texts.Of(Wire.Fold(Trace)), Texts.Of(Responses.Read(stream).Fold));
        }
    }

    [Fact]
    public void Text_between_two_tools_is_a_message_of_its_own()
    {
        var stream = Responses.Write([.. Trace[..8], new ChatEvent.TextDelta(0, "and"), .. Trace[8..]]);
        var types = ResponsesGrammar.Check(stream).GetProperty("output").EnumerateArray().Select(item => item.GetProperty("type").GetString());
        Assert.Equal(["reasoning", "message", "function_call", "message", "function_call"], types);
        Assert.Equal("Hi!and", Responses.Read(stream).Fold.Choices[0].Text);
    }

    [Fact]
    public void An_error_after_line_7_fails_with_the_answer_so_far()
    {
        var stream = Responses.Write([.. Trace[..5], new ChatEvent.Failed(Cut)]);
        var response = ResponsesGrammar.Check(stream);
        Assert.Equal("failed", response.GetProperty("status").GetString());
        Assert.Equal(("server_error", "The upstream broke off."), (response.GetProperty("error").GetProperty("code").GetString(), response.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal("Hi!", response.GetProperty("output")[1].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("incomplete", response.GetProperty("output")[1].GetProperty("status").GetString());
        Assert.NotNull(Responses.Read(stream).Fold.Failure);
    }

    [Fact]
    public void An_error_before_anything_is_one_flat_event()
    {
        var last = ResponsesGrammar.Check(Responses.Write([new ChatEvent.Failed(Cut)]));
        Assert.Equal(("server_error", "The upstream broke off."), (last.GetProperty("code").GetString(), last.GetProperty("message").GetString()));
        Assert.NotNull(Responses.Read(Responses.Write([new ChatEvent.Failed(Cut)])).Fold.Failure);
    }

    [Fact]
    public void The_end_of_the_body_before_the_terminal_event_is_a_broken_answer()
    {
        for (var cut = 0; cut < Stream.IndexOf("event: response.completed", StringComparison.Ordinal); cut += 11)
        {
            var read = Responses.Read(Stream[..cut]).Fold;
            Assert.False(read.IsComplete);
            Assert.NotNull(read.Failure);
        }
    }

    [Fact]
    public void Usage_before_with_and_after_the_finish_counts_and_absent_usage_is_zero()
    {
        var expected = ResponsesGrammar.Check(Stream).GetRawText();
        foreach (var at in new[] { 1, 5, 9, 10 })
            Assert.Equal(expected, ResponsesGrammar.Check(Responses.Write([.. Trace[..at], Trace[10], .. Trace[at..10], Trace[11]])).GetRawText());
        var absent = ResponsesGrammar.Check(Responses.Write([.. Trace[..10], Trace[11]])).GetProperty("usage");
        Assert.Equal(0, absent.GetProperty("total_tokens").GetInt32());
    }

    private static IEnumerable<string> Names(string stream) =>
        stream.Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => line["event: response.".Length..]);
}
