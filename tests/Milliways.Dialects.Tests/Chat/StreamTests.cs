using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

public sealed class StreamTests
{
    /// <summary>What the Chat dialect can say of an answer: no signatures, the kinds of parts side by side.</summary>
    private static string Plain(ChatFold fold)
    {
        var lines = fold.Choices.Select(choice =>
        {
            var thinking = string.Concat(choice.Parts.OfType<ChatPart.Thinking>().Select(part => part.Value));
            var calls = choice.Parts.OfType<ChatPart.ToolCall>().Select(call => $"{call.Id} {call.Name} {call.Arguments}");
            return $"{choice.Index} {choice.Reason} {Texts.Quoted(thinking)} {Texts.Quoted(choice.Text)} {string.Join(';', calls)}";
        });
        return string.Join('\n', lines) + $"\n{fold.Usage} {fold.IsComplete} {fold.Failure}";
    }

    private static string Parts(ChatFold fold) => string.Join('\n', fold.Choices.Select(choice =>
        choice.Reason + " " + string.Join(" | ", choice.Parts.Select(part => Texts.Of(part is ChatPart.Thinking thinking ? thinking with { Signature = null } : part)))))
        + $"\n{fold.Usage} {fold.IsComplete} {fold.Failure}";

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_chat_stream_written_and_read_in_any_pieces_is_the_same_answer(Flavour flavour) => Dice.Check((dice, pieces) =>
    {
        var choices = 1 + dice.Upto(3);
        var events = Answers.Events(dice, choices);
        var stream = Wire.WriteChat(events, flavour);
        ChatGrammar.Check(stream, flavour, usage: true);
        Assert.Equal(Plain(Wire.Fold(events)), Plain(Wire.ReadChat(stream, pieces).Fold));
    });

    [Fact]
    public void A_messages_stream_written_and_read_in_any_pieces_is_the_same_answer() => Dice.Check((dice, pieces) =>
    {
        var events = Answers.Events(dice);
        // Ids are cleaned on their way out; the rest is the same, block for block where calls do not interleave.
        var expected = Wire.Fold(events.Select(each => each is ChatEvent.ToolCallStarted call ? call with { Id = ToolCallIds.ForAnthropic(call.Id) } : each));
        var stream = Wire.WriteMessages(events);
        MessagesGrammar.Check(stream);
        var read = Wire.ReadMessages(stream, pieces).Fold;
        Assert.Equal(Parts(expected), Parts(read));
    });

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_whole_chat_answer_says_what_its_stream_says(Flavour flavour) => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice, 1 + dice.Upto(2));
        var whole = Wire.ReadChatAnswer(Wire.WriteChatAnswer(Wire.Fold(events), flavour)).Fold;
        Assert.Equal(Plain(Wire.ReadChat(Wire.WriteChat(events, flavour)).Fold), Plain(whole));
    });

    [Fact]
    public void A_whole_message_says_what_its_stream_says() => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice);
        var whole = Wire.ReadMessage(Wire.WriteMessage(Wire.Fold(events))).Fold;
        Assert.Equal(Parts(Wire.ReadMessages(Wire.WriteMessages(events)).Fold), Parts(whole));
    });

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_chat_stream_cut_at_any_byte_before_its_last_finish_never_ends_as_a_clean_answer(Flavour flavour) => Dice.Check((dice, _) =>
    {
        var stream = Wire.WriteChat(Answers.Events(dice), flavour);
        var finish = stream.LastIndexOf("\"finish_reason\":\"", StringComparison.Ordinal);
        var cut = dice.Upto(finish);
        Assert.False(Wire.ReadChat(stream[..cut]).Fold.IsComplete);
    });

    [Fact]
    public void A_messages_stream_cut_at_any_byte_before_its_stop_never_ends_as_a_clean_answer() => Dice.Check((dice, _) =>
    {
        var stream = Wire.WriteMessages(Answers.Events(dice));
        var cut = dice.Upto(stream.IndexOf("event: message_stop", StringComparison.Ordinal));
        var read = Wire.ReadMessages(stream[..cut]).Fold;
        Assert.False(read.IsComplete);
        Assert.NotNull(read.Failure);
    });

    [Fact]
    public void A_broken_answer_ends_with_an_error_in_every_dialect() => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice);
        events = [.. events.Take(1 + dice.Upto(events.Count - 2)), new ChatEvent.Failed(Failure.Broken("stream", "cut"))];
        var chat = Wire.WriteChat(events, Flavour.OpenAi);
        Assert.DoesNotContain("data: [DONE]\n", chat, StringComparison.Ordinal);
        Assert.NotNull(Wire.ReadChat(chat).Fold.Failure);
        var messages = Wire.WriteMessages(events);
        Assert.DoesNotContain("event: message_stop", messages, StringComparison.Ordinal);
        Assert.NotNull(Wire.ReadMessages(messages).Fold.Failure);
    });

    [Fact]
    public void Nothing_follows_the_end_of_an_answer_whether_it_was_good_or_bad() => Dice.Check((dice, _) =>
    {
        var (events, isGood) = (Answers.Events(dice), dice.Flip());
        var (body, end, more) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        using var xai = new Dialects.OpenAiChat.StreamWriter(body, Wire.Chat(Flavour.Xai));
        using var chat = new Dialects.OpenAiChat.StreamWriter(body, Wire.Chat(Flavour.OpenAi));
        using var messages = new Dialects.Anthropic.StreamWriter(body, Wire.Messages);
        using var responses = new Dialects.OpenAiResponses.StreamWriter(body, Responses.Facts());
        var broken = Failure.Broken("stream", "cut");
        foreach (var (writer, fail) in new (IStreamWriter, Action<IBufferWriter<byte>>)[]
            { (xai, tail => xai.WriteFailure(broken, tail)), (chat, tail => chat.WriteFailure(broken, tail)), (messages, tail => messages.WriteFailure(broken, tail)), (responses, tail => responses.WriteFailure(broken, tail)) })
        {
            foreach (var each in isGood ? events : events.Take(1 + dice.Upto(events.Count - 2))) writer.On(each);
            var before = end.WrittenCount;
            if (isGood) writer.WriteTail(end);
            else fail(end);
            Assert.True(end.WrittenCount > before);
            writer.WriteTail(more);
            fail(more);
            Assert.Equal(0, more.WrittenCount);
        }
    });

    [Fact]
    public void No_bytes_make_a_reader_of_answers_throw() => Dice.Check((dice, pieces) =>
    {
        var events = Answers.Events(dice);
        foreach (var stream in new[] { Wire.WriteChat(events, Flavour.OpenAi), Wire.WriteMessages(events), Wire.WriteChatAnswer(Wire.Fold(events), Flavour.Xai), Wire.WriteMessage(Wire.Fold(events)) })
        {
            var letters = stream.ToCharArray();
            for (var flips = 0; flips < 6; flips++) letters[dice.Upto(letters.Length)] = dice.One('"', '{', '}', '[', ']', ',', ':', '0', '\\', '\n', '\ud83d', 'u', '-');
            var broken = new string(letters);
            // Each ends once, well or badly; the recorder checks the order.
            foreach (var read in new[] { Wire.ReadChat(broken, pieces), Wire.ReadMessages(broken, pieces), Wire.ReadChatAnswer(broken), Wire.ReadMessage(broken) })
                Assert.True(read.Fold.IsComplete != read.Fold.Failure is not null);
            Dialects.OpenAiChat.Errors.Read(400, System.Text.Encoding.UTF8.GetBytes(broken), null);
        }
    });
}
