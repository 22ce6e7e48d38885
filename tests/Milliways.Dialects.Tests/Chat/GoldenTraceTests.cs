using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>The answer of dialects 4.12.7 in both dialects and flavours, byte for byte, and its variants.</summary>
public sealed class GoldenTraceTests
{
    internal static readonly ChatEvent[] Trace =
    [
        new ChatEvent.Started("up", "upstream", 1),
        new ChatEvent.ReasoningDelta(0, "R1"),
        new ChatEvent.ReasoningDelta(0, "R2"),
        new ChatEvent.TextDelta(0, "Hi"),
        new ChatEvent.TextDelta(0, "!"),
        new ChatEvent.ToolCallStarted(0, 0, "c1", "f"),
        new ChatEvent.ToolCallDelta(0, 0, "{\"a\""),
        new ChatEvent.ToolCallDelta(0, 0, ":1}"),
        new ChatEvent.ToolCallStarted(0, 1, "c2", "g"),
        new ChatEvent.Finished(0, StopReason.ToolUse),
        new ChatEvent.UsageReported(new ChatUsage(10, 4, 0, 20, 6)),
        ChatEvent.Completed.Instance,
    ];

    private static readonly ChatEvent[] Short =
    [
        new ChatEvent.Started("up", "upstream", 1),
        new ChatEvent.TextDelta(0, "Hi"),
        new ChatEvent.Finished(0, StopReason.EndTurn),
        new ChatEvent.UsageReported(new ChatUsage(9, 0, 0, 1, 0)),
        ChatEvent.Completed.Instance,
    ];

    [Theory]
    [InlineData(Flavour.Xai, "xai")]
    [InlineData(Flavour.OpenAi, "openai")]
    public void Chat_streams_and_answers_are_these_bytes(Flavour flavour, string name)
    {
        Golden.Check($"trace.{name}.stream.txt", Wire.WriteChat(Trace, flavour, ticks: 1234500));
        Golden.Check($"trace.{name}.json", Wire.WriteChatAnswer(Wire.Fold(Trace), flavour));
        Golden.Check($"short.{name}.stream.txt", Wire.WriteChat(Short, flavour, usage: false));
        Golden.Check($"short.{name}.json", Wire.WriteChatAnswer(Wire.Fold(Short), flavour));
        Golden.Check($"broken.{name}.stream.txt", Wire.WriteChat([.. Trace.Take(5), new ChatEvent.Failed(Failure.Broken("stream", "The upstream broke off."))], flavour));
    }

    [Fact]
    public void Messages_streams_and_answers_are_these_bytes()
    {
        Golden.Check("trace.messages.stream.txt", Wire.WriteMessages(Trace, ticks: 1234500));
        Golden.Check("trace.messages.json", Wire.WriteMessage(Wire.Fold(Trace)));
        Golden.Check("short.messages.stream.txt", Wire.WriteMessages(Short));
        Golden.Check("short.messages.json", Wire.WriteMessage(Wire.Fold(Short)));
        Golden.Check("broken.messages.stream.txt", Wire.WriteMessages([.. Trace.Take(5), new ChatEvent.Failed(Failure.Broken("stream", "The upstream broke off."))]));
    }

    [Fact]
    public void The_trace_crosses_from_each_dialect_to_each_other()
    {
        var expected = Texts.Of(Wire.Fold(Trace));
        var openAi = Wire.ReadChat(Wire.WriteChat(Trace, Flavour.OpenAi));
        var xai = Wire.ReadChat(Wire.WriteChat(Trace, Flavour.Xai));
        Assert.Equal(expected, Texts.Of(openAi.Fold));
        Assert.Equal(expected, Texts.Of(xai.Fold));

        var messages = Wire.WriteMessages(openAi.Events);
        // A call without arguments may come as {} or as nothing: both are one empty object.
        Assert.Equal(Wire.WriteMessages(Trace).Replace("\"partial_json\":\"\"", "\"partial_json\":\"{}\"", StringComparison.Ordinal), messages);
        var back = Wire.ReadMessages(messages);
        Assert.Equal(Wire.WriteChat(Trace, Flavour.Xai), Wire.WriteChat(back.Events, Flavour.Xai));
    }

    [Fact]
    public void Carriage_returns_pings_comments_and_unknown_events_change_nothing()
    {
        var chat = Wire.WriteChat(Trace, Flavour.OpenAi);
        var messages = Wire.WriteMessages(Trace);
        var expected = Texts.Of(Wire.ReadChat(chat).Fold);
        Assert.Equal(expected, Texts.Of(Wire.ReadChat(chat.Replace("\n", "\r\n", StringComparison.Ordinal), [7]).Fold));
        Assert.Equal(expected, Texts.Of(Wire.ReadChat(chat.Replace("\n\n", "\n\n: keepalive\n\nevent: odd\n\n", StringComparison.Ordinal)).Fold));

        expected = Texts.Of(Wire.ReadMessages(messages).Fold);
        var noise = "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: new_thing\ndata: {\"type\":\"new_thing\",\"x\":1}\n\n";
        Assert.Equal(expected, Texts.Of(Wire.ReadMessages(messages.Replace("\n\n", noise, StringComparison.Ordinal)).Fold));
        // Compatible servers leave the event lines away.
        var bare = string.Join('\n', messages.Split('\n').Where(line => !line.StartsWith("event:", StringComparison.Ordinal)));
        Assert.Equal(expected, Texts.Of(Wire.ReadMessages(bare).Fold));
    }
}
