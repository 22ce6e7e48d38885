using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>Another vendor's signed reasoning goes through a client that knows one text and one encrypted one, and comes back as what it was.</summary>
public sealed class ReasoningSealTests
{
    private static readonly ChatRequest Sealing = Grpc.Request(Grpc.User("\"use_encrypted_content\":true"));

    private static readonly ChatEvent[] Events =
    [
        new ChatEvent.Started("up", "u", 1), new ChatEvent.ReasoningDelta(0, "fi"), new ChatEvent.ReasoningDelta(0, "rst🐬"), new ChatEvent.ReasoningSigned(0, "old"), new ChatEvent.ReasoningSigned(0, "s1=="),
        new ChatEvent.RedactedReasoning(0, "blob+/="), new ChatEvent.ReasoningDelta(0, "second"), new ChatEvent.ReasoningSigned(0, "s2"), new ChatEvent.ReasoningDelta(0, "bare"),
        new ChatEvent.TextDelta(0, "A"), new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance,
    ];

    private const string Expected = @"thinking first\uD83D\uDC2C s1== | redacted blob+/= | thinking second s2 | thinking bare  | text A";

    [Fact]
    public void From_a_whole_answer() => Assert.Equal(Expected, Back(Grpc.Whole(Events, Sealing).Outputs[0].Message));

    [Fact]
    public void From_a_stream_as_the_client_joins_it() => Assert.Equal(Expected, Back(Joined(Grpc.Stream(Events, Sealing))));

    [Fact]
    public void Whatever_the_order_of_reasoning_proofs_and_text_the_parts_come_back() => Dice.Check((dice, _) =>
    {
        var events = new List<ChatEvent> { Events[0] };
        events.AddRange(dice.Many(12, index => dice.Upto(5) switch
        {
            0 or 1 => (ChatEvent)new ChatEvent.ReasoningDelta(0, dice.Text()),
            2 => new ChatEvent.ReasoningSigned(0, "s" + Dice.Number(index)),
            3 => new ChatEvent.RedactedReasoning(0, "r" + Dice.Number(index)),
            _ => new ChatEvent.TextDelta(0, dice.Solid()),
        }));
        events.AddRange([new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance]);
        var told = Wire.Fold(events).Choices.SelectMany(choice => choice.Parts).Where(part => part is ChatPart.Thinking or ChatPart.RedactedThinking).ToList();
        if (!told.Exists(part => part is ChatPart.Thinking { Signature: not null } or ChatPart.RedactedThinking)) return;
        var expected = string.Join(" | ", told.Select(Texts.Of));
        Assert.Equal(expected, Reasoning(Grpc.Whole(events, Sealing).Outputs[0].Message));
        Assert.Equal(expected, Reasoning(Joined(Grpc.Stream(events, Sealing))));
    });

    [Fact]
    public void Nothing_is_sealed_unless_it_was_asked_for_and_there_is_a_proof()
    {
        Assert.Equal("", Grpc.Whole(Events).Outputs[0].Message.EncryptedContent);
        Assert.All(Grpc.Stream(Events).SelectMany(chunk => chunk.Outputs), output => Assert.Equal("", output.Delta.EncryptedContent));
        ChatEvent[] unsigned = [.. Events.Where(each => each is not (ChatEvent.ReasoningSigned or ChatEvent.RedactedReasoning))];
        Assert.Equal("", Grpc.Whole(unsigned, Sealing).Outputs[0].Message.EncryptedContent);
        Assert.All(Grpc.Stream(unsigned, Sealing).SelectMany(chunk => chunk.Outputs), output => Assert.Equal("", output.Delta.EncryptedContent));
    }

    [Fact]
    public void Reasoning_that_was_cut_on_its_way_loses_its_proof()
    {
        var message = Grpc.Whole(Events, Sealing).Outputs[0].Message;
        message.ReasoningContent = message.ReasoningContent[..9];
        Assert.Equal(@"thinking first\uD83D\uDC2C s1== | redacted blob+/= | thinking se  | text A", Back(message));
    }

    private static string Reasoning(CompletionMessage message) => string.Join(" | ", Parts(message).Where(part => part is not ChatPart.Text).Select(Texts.Of));

    private static CompletionMessage Joined(IEnumerable<GetChatCompletionChunk> chunks)
    {
        var message = new CompletionMessage { Role = MessageRole.RoleAssistant };
        foreach (var delta in chunks.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta))
            (message.Content, message.ReasoningContent, message.EncryptedContent) = (message.Content + delta.Content, message.ReasoningContent + delta.ReasoningContent, message.EncryptedContent + delta.EncryptedContent);
        return message;
    }

    private static string Back(CompletionMessage message) => string.Join(" | ", Parts(message).Select(Texts.Of));

    private static IReadOnlyList<ChatPart> Parts(CompletionMessage message) =>
        Assert.Single(Grpc.Turns(Grpc.Replayed(new GetChatCompletionResponse { Outputs = { new CompletionOutput { Message = message } } }))).Parts;
}
