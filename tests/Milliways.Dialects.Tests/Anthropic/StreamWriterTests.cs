using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Anthropic;

public sealed class StreamWriterTests
{
    private static readonly ChatEvent.Started Start = new ChatEvent.Started("u", "m", 0);

    private static string Blocks(params ChatEvent[] events)
    {
        var stream = Wire.WriteMessages([Start, .. events]);
        MessagesGrammar.Check(stream);
        return string.Join(" | ", Wire.ReadMessages(stream).Fold.Choices[0].Parts.Select(part => Texts.Of(part is ChatPart.Thinking thinking ? thinking with { Signature = null } : part)));
    }

    private static ChatEvent.Finished Finish(StopReason reason = StopReason.EndTurn) => new ChatEvent.Finished(0, reason);

    [Fact]
    public void Text_between_two_calls_gets_a_block_of_its_own() => // BLK-06, BLK-18
        Assert.Equal("call a f {\"x\":1} | text T | call b g {}", Blocks(
            new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallDelta(0, 0, "{\"x\":1}"), new ChatEvent.TextDelta(0, "T"),
            new ChatEvent.ToolCallStarted(0, 1, "b", "g"), new ChatEvent.ToolCallDelta(0, 1, "{}"), Finish()));

    [Fact]
    public void Thinking_after_text_gets_a_block_of_its_own() => // BLK-08
        Assert.Equal("text A | thinking B  | text C", Blocks(
            new ChatEvent.TextDelta(0, "A"), new ChatEvent.ReasoningDelta(0, "B"), new ChatEvent.TextDelta(0, "C"), Finish()));

    [Fact]
    public void Empty_pieces_open_and_close_nothing() => // BLK-20
        Assert.Equal("call a f {\"x\":1}", Blocks(
            new ChatEvent.TextDelta(0, ""), new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallDelta(0, 0, "{\"x\""), new ChatEvent.TextDelta(0, ""),
            new ChatEvent.ReasoningDelta(0, ""), new ChatEvent.ToolCallDelta(0, 0, ""), new ChatEvent.ToolCallDelta(0, 0, ":1}"), Finish()));

    [Fact]
    public void The_second_call_streams_live_once_the_first_is_whole()
    {
        var stream = Wire.WriteMessages([Start, new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallDelta(0, 0, "{\"x\":\"}\"}"),
            new ChatEvent.ToolCallStarted(0, 1, "b", "g"), new ChatEvent.ToolCallDelta(0, 1, "{\"y\""), new ChatEvent.Failed(Failure.Broken("stream", "x"))]);
        Assert.Contains("{\\\"y\\\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_cut_off_is_never_completed_by_us() // ERR-05
    {
        var stream = Wire.WriteMessages([Start, new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallDelta(0, 0, "{\"x\""), new ChatEvent.Failed(Failure.Broken("stream", "x"))]);
        Assert.DoesNotContain("content_block_stop", stream, StringComparison.Ordinal);
        Assert.Contains("event: error", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_for_a_call_that_had_ended_end_the_answer_with_an_error()
    {
        var stream = Wire.WriteMessages([Start, new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallDelta(0, 0, "{}"), new ChatEvent.TextDelta(0, "t"),
            new ChatEvent.ToolCallDelta(0, 0, "{\"late\":1}"), Finish()]);
        Assert.Contains("event: error", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", stream, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bash:0")]
    [InlineData("functions.x:0")]
    [InlineData("a|b.c")]
    public void Ids_are_cleaned_on_their_way_out(string id) // TID-01 (the grammar checks the pattern)
    {
        Assert.DoesNotContain(id, Blocks(new ChatEvent.ToolCallStarted(0, 0, id, "f"), Finish()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_without_content_is_still_a_message() // BLK-15
    {
        var stream = Wire.WriteMessages([Start, Finish()]);
        MessagesGrammar.Check(stream);
        Assert.DoesNotContain("content_block", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_choices_are_left_out() =>
        Assert.Equal("text A", Blocks(new ChatEvent.TextDelta(0, "A"), new ChatEvent.TextDelta(1, "B"), Finish(), new ChatEvent.Finished(1, StopReason.MaxTokens)));

    [Fact]
    public void Refusal_text_is_a_text_block_and_a_refusal()
    {
        var stream = Wire.WriteMessages([Start, new ChatEvent.RefusalDelta(0, "No."), Finish()]);
        Assert.Contains("\"text\":\"No.\"", stream, StringComparison.Ordinal);
        Assert.Contains("\"stop_reason\":\"refusal\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_the_tail_goes_out_before_it_is_asked_for()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        using var messages = new Dialects.Anthropic.StreamWriter(output, Wire.Messages);
        foreach (var each in Trace) messages.On(each);
        var sent = System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.DoesNotContain("message_delta", sent, StringComparison.Ordinal);
        Assert.EndsWith("\"type\":\"content_block_stop\",\"index\":3}\n\n", sent, StringComparison.Ordinal);

        foreach (var flavour in new[] { Flavour.Xai, Flavour.OpenAi })
        {
            output.Clear();
            using var chat = new Dialects.OpenAiChat.StreamWriter(output, Wire.Chat(flavour));
            foreach (var each in Trace) chat.On(each);
            sent = System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
            Assert.DoesNotContain("\"finish_reason\":\"", sent, StringComparison.Ordinal);
            Assert.DoesNotContain("DONE", sent, StringComparison.Ordinal);
        }
    }

    private static readonly ChatEvent[] Trace = Tests.Chat.GoldenTraceTests.Trace;
}
