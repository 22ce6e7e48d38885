using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

public sealed class ChatFoldTests
{
    private static readonly ChatEvent.Started Start = new ChatEvent.Started("i", "m", 1);

    [Fact]
    public void Indexes_beyond_the_bounds_break_the_answer()
    {
        Assert.NotNull(Wire.Fold([Start, new ChatEvent.TextDelta(128, "x")]).Failure);
        Assert.NotNull(Wire.Fold([Start, new ChatEvent.TextDelta(-1, "x")]).Failure);
        Assert.NotNull(Wire.Fold([Start, new ChatEvent.ToolCallStarted(0, 128, "a", "f")]).Failure);
        Assert.NotNull(Wire.Fold([Start, new ChatEvent.ToolCallDelta(0, 0, "{}")]).Failure);
        Assert.NotNull(Wire.Fold([Start, new ChatEvent.ToolCallStarted(0, 0, "a", "f"), new ChatEvent.ToolCallStarted(0, 0, "b", "g")]).Failure);
        Assert.Null(Wire.Fold([Start, new ChatEvent.TextDelta(127, "x"), new ChatEvent.ToolCallStarted(0, 127, "a", "f")]).Failure);
    }

    [Fact]
    public void A_signature_ends_its_thinking_and_the_last_one_counts()
    {
        var fold = Wire.Fold([Start, new ChatEvent.ReasoningDelta(0, "A"), new ChatEvent.ReasoningSigned(0, "1"), new ChatEvent.ReasoningSigned(0, "2"),
            new ChatEvent.ReasoningDelta(0, "B"), new ChatEvent.RedactedReasoning(0, "D"), new ChatEvent.ReasoningSigned(0, "3")]);
        Assert.Equal(["thinking A 2", "thinking B ", "redacted D", "thinking  3"], fold.Choices[0].Parts.Select(Texts.Of));
    }

    [Theory]
    [InlineData(StopReason.EndTurn, true, StopReason.ToolUse)]
    [InlineData(StopReason.StopSequence, true, StopReason.ToolUse)]
    [InlineData(StopReason.MaxTokens, true, StopReason.MaxTokens)]
    [InlineData(StopReason.ToolUse, false, StopReason.EndTurn)]
    [InlineData(StopReason.ContentFilter, false, StopReason.ContentFilter)]
    public void Stop_reasons_agree_with_the_calls(StopReason told, bool hasCall, StopReason settled)
    {
        List<ChatEvent> events = [Start, new ChatEvent.TextDelta(0, "x"), new ChatEvent.Finished(0, told)];
        if (hasCall) events.Insert(1, new ChatEvent.ToolCallStarted(0, 0, "a", "f"));
        Assert.Equal(settled, Wire.Fold(events).Choices[0].Reason);
    }

    [Fact]
    public void Nothing_counts_after_the_end()
    {
        var fold = Wire.Fold([Start, new ChatEvent.TextDelta(0, "x"), ChatEvent.Completed.Instance, new ChatEvent.TextDelta(0, "y")]);
        Assert.Equal("x", fold.Choices[0].Text);
    }

    [Fact]
    public void Estimates_follow_the_contract()
    {
        var fold = Wire.Fold([Start, new ChatEvent.ReasoningDelta(0, "abc"), new ChatEvent.TextDelta(0, "生生"), new ChatEvent.ToolCallStarted(0, 0, "i", "fn"), new ChatEvent.ToolCallDelta(0, 0, "{}  ")]);
        Assert.Equal(5, TokenEstimate.OfBytes(TokenEstimate.BytesOfAnswer(fold))); // 3 + 6 + 2 + 4 bytes
        var request = Requests.ReadChat("""{"model":"m","messages":[{"role":"system","content":"abc"},{"role":"user","content":[{"type":"text","text":"abcd"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]}]}""").Value!;
        Assert.Equal(3 + 8 + 1792, TokenEstimate.OfPrompt(request));
    }
}
