using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Log probabilities of tokens (dialects 1.5, 4.1).</summary>
public sealed class LogprobTests
{
    private const string Token = """{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"Ho","logprob":-1.25,"bytes":null}]}""";
    private const string Logprobs = "\"logprobs\":{\"content\":[" + Token + "],\"refusal\":null}";

    private static readonly ChatEvent[] Answer =
    [
        new ChatEvent.Started("u", "m", 0),
        new ChatEvent.TextDelta(0, "Hi") { Logprobs = [new TokenLogprob("Hi", -0.5, [72, 105]) { Top = [new TokenLogprob("Hi", -0.5, [72, 105]), new TokenLogprob("Ho", -1.25, null)] }] },
        new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance,
    ];

    [Fact]
    public void They_are_read_whole_and_streamed_and_written_again_as_they_were()
    {
        var whole = Wire.ReadChatAnswer($$"""{"id":"r","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},{{Logprobs}},"finish_reason":"stop"}]}""");
        var streamed = Wire.ReadChat($$"""
            data: {"choices":[{"index":0,"delta":{"content":"Hi"},{{Logprobs}}}]}

            data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: [DONE]


            """);
        foreach (var read in new[] { whole, streamed })
        {
            foreach (var flavour in new[] { Flavour.Xai, Flavour.OpenAi })
            {
                Assert.Contains("},\"" + Logprobs[1..] + ",\"finish_reason\":\"stop\"", Wire.WriteChatAnswer(read.Fold, flavour), StringComparison.Ordinal);
                Assert.Contains("\"content\":\"Hi\"}," + Logprobs, Wire.WriteChat(read.Events, flavour), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Tokens_without_text_of_their_own_are_kept_for_the_text_that_follows()
    {
        const string Half = """{"choices":[{"index":0,"delta":{"content":""},"logprobs":{"content":[{"token":"\\xf0\\x9f","logprob":-1}]}}]}""";
        const string Rest = """{"choices":[{"index":0,"delta":{"content":"🐬"},"logprobs":{"content":[{"token":"\\x90\\xac","logprob":-2}]},"finish_reason":"stop"}]}""";
        var read = Wire.ReadChat($"data: {Half}\n\ndata: {Rest}\n\ndata: [DONE]\n\n");
        Assert.Equal([-1, -2], Assert.IsType<ChatPart.Text>(read.Fold.Choices[0].Parts.Single()).Logprobs.Select(token => token.Logprob));
        Assert.Equal(2, Wire.WriteChat(read.Events, Flavour.OpenAi).Split("\"logprobs\"").Length - 1);
    }

    [Theory]
    [InlineData("""{"content":null}""")]
    [InlineData("null")]
    [InlineData("""{"content":[{"token":5,"logprob":-1},{"token":"x"},7]}""")]
    public void What_is_no_log_probability_is_none(string logprobs)
    {
        var read = Wire.ReadChatAnswer($$"""{"choices":[{"index":0,"message":{"content":"x"},"logprobs":{{logprobs}},"finish_reason":"stop"}]}""");
        Assert.Empty(Assert.IsType<ChatPart.Text>(read.Fold.Choices[0].Parts.Single()).Logprobs);
        Assert.Contains("\"logprobs\":null", Wire.WriteChatAnswer(read.Fold, Flavour.OpenAi), StringComparison.Ordinal);
    }

    [Fact]
    public void The_logarithm_of_zero_stays_a_number_that_clients_can_read()
    {
        var read = Wire.ReadChatAnswer("""{"choices":[{"index":0,"message":{"content":"x"},"logprobs":{"content":[{"token":"x","logprob":-1e999}]},"finish_reason":"stop"}]}""");
        Assert.Contains("\"logprob\":-9999,", Wire.WriteChatAnswer(read.Fold, Flavour.OpenAi), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_has_no_place_for_them_and_its_text_stays() => Assert.Contains("\"text\":\"Hi\"", Wire.WriteMessages(Answer), StringComparison.Ordinal);
}
