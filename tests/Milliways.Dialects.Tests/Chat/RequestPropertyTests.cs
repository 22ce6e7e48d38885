using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>What both dialects can say survives the way through either.</summary>
public sealed class RequestPropertyTests
{
    private static readonly JsonElement Schema = Dice.Json("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""");

    [Fact]
    public void A_request_written_for_either_dialect_and_read_again_is_the_same() => Dice.Check((dice, _) =>
    {
        var request = Make(dice);
        var expected = Texts.Of(request);

        var chat = Requests.Chat(request);
        Assert.Null(chat.Failure);
        Assert.Empty(chat.Dropped);
        Assert.Equal(expected, Texts.Of(Dialects.OpenAiChat.RequestReader.Read(chat.Bytes).Value!));

        var messages = Requests.Messages(request);
        Assert.Null(messages.Failure);
        Assert.Empty(messages.Dropped);
        Assert.Equal(expected, Texts.Of(Dialects.Anthropic.RequestReader.Read(messages.Bytes).Value!));
    });

    [Fact]
    public void The_same_request_gives_the_same_bytes() => Dice.Check((dice, numbers) =>
    {
        Assert.Equal(Requests.Chat(Make(new Dice(numbers))).Text, Requests.Chat(Make(new Dice(numbers))).Text);
        Assert.Equal(Requests.Messages(Make(new Dice(numbers))).Text, Requests.Messages(Make(new Dice(numbers))).Text);
    }, tests: 50);

    [Fact]
    public void No_bytes_make_a_reader_throw() => Dice.Check((dice, _) =>
    {
        var bytes = Requests.Chat(Make(dice)).Bytes;
        for (var flips = 0; flips < 4; flips++)
            bytes[dice.Upto(bytes.Length)] = (byte)dice.One('"', '{', '}', '[', ']', ',', ':', '0', '\\', 'n', '\u0080');
        Assert.True(Dialects.OpenAiChat.RequestReader.Read(bytes) is { IsOk: true } or { Failure: not null });
        Assert.True(Dialects.Anthropic.RequestReader.Read(bytes) is { IsOk: true } or { Failure: not null });
    });

    internal static ChatRequest Make(Dice dice)
    {
        var messages = new List<ChatMessage>();
        if (dice.Flip()) messages.Add(new ChatMessage(ChatRole.System, [new ChatPart.Text(dice.Solid())]));
        messages.Add(User(dice));
        var rounds = dice.Upto(4);
        for (var round = 0; round < rounds; round++)
        {
            var text = new ChatPart.Text(dice.Solid());
            var calls = dice.Many(3, index => new ChatPart.ToolCall($"call_{round}_{index}", "f", dice.Object()));
            messages.Add(new ChatMessage(ChatRole.Assistant, calls.Count == 0 || dice.Flip() ? [text, .. calls] : [.. calls]));
            if (calls.Count > 0)
            {
                messages.Add(new ChatMessage(ChatRole.Tool, [.. calls.Select(call =>
                    new ChatPart.ToolResult(call.Id, dice.Flip() ? [new ChatPart.Text(dice.Solid())] : [], IsError: false))]));
            }

            if (calls.Count == 0 || dice.Flip()) messages.Add(User(dice));
        }

        var tools = dice.Many(3, index => new ChatTool("tool_" + Dice.Number(index), dice.Flip() ? dice.Solid() : null, Schema) { Strict = dice.Flip() ? true : null });
        return new ChatRequest
        {
            Model = "m",
            Messages = messages,
            Tools = tools,
            ToolChoice = tools.Count == 0 ? null : dice.One(null, new(ToolChoiceMode.Auto), new(ToolChoiceMode.None), new(ToolChoiceMode.Required), new ChatToolChoice(ToolChoiceMode.Named, "tool_0")),
            MaxOutputTokens = 1 + dice.Upto(9999),
            Temperature = dice.Flip() ? dice.Upto(100) / 100.0 : null,
            TopK = dice.Flip() ? dice.Upto(50) : null,
            Stop = dice.Many(4, index => dice.Solid() + Dice.Number(index)),
            User = dice.Flip() ? dice.Solid() : null,
            Stream = dice.Flip(),
            ResponseFormat = dice.Flip() ? new ChatResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Schema } : null,
        };
    }

    private static ChatMessage User(Dice dice)
    {
        var parts = new List<ChatPart> { new ChatPart.Text(dice.Solid()) };
        parts.AddRange(dice.Many(3, index => dice.Upto(3) switch
        {
            0 => (ChatPart)new ChatPart.Image("https://example.org/" + Dice.Number(index), null, null),
            1 => new ChatPart.Image(null, "image/png", "iVBORw0KGgoA"),
            _ => new ChatPart.Text(dice.Solid()),
        }));
        return new ChatMessage(ChatRole.User, parts);
    }
}
