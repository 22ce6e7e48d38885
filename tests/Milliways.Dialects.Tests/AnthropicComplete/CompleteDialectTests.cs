using Milliways.Dialects.AnthropicComplete;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.AnthropicComplete;

/// <summary>dialects 2.10, xai-api 1.5.</summary>
public sealed class CompleteDialectTests
{
    private static readonly CompleteDialect Dialect = CompleteDialect.Instance;

    private static ChatRequest Ask(string prompt, string members = "") =>
        Callers.Read(Dialect, $$"""{"model":"m","max_tokens_to_sample":9,"prompt":{{System.Text.Json.JsonSerializer.Serialize(prompt)}}{{members}}}""");

    private static ChatEvent[] Answer(StopReason reason, string? matched = null) =>
    [
        new ChatEvent.Started("up", "m", 0), new ChatEvent.ReasoningDelta(0, "hm"), new ChatEvent.TextDelta(0, "Hel"), new ChatEvent.TextDelta(0, "lo"),
        new ChatEvent.Finished(0, reason, matched), ChatEvent.Completed.Instance,
    ];

    [Theory]
    [InlineData("\n\nHuman: Hi\n\nAssistant:", "User : text Hi")]
    [InlineData("Human: Hi\n\nAssistant:", "User : text Hi")]
    [InlineData("Hi", "User : text Hi")]
    [InlineData("Be brief.\n\nHuman: Hi\n\nAssistant: Ho\n\nHuman: Again\nHuman: x\n\nAssistant: {", "System : text Be brief.|User : text Hi|Assistant : text Ho|User : text Again\\nHuman: x|Assistant : text {")]
    public void A_prompt_is_its_turns(string prompt, string expected) =>
        Assert.Equal(expected, string.Join('|', Texts.Of(Ask(prompt)).Split('\n')[..expected.Split('|').Length]));

    [Fact]
    public void Parameters_are_read()
    {
        var request = Ask("\n\nHuman: a\n\nAssistant:", ",\"stop_sequences\":[\"z\"],\"temperature\":0.5,\"top_k\":3,\"top_p\":0.9,\"metadata\":{\"user_id\":\"u\"},\"stream\":true");
        Assert.Equal((9, 0.5, 3, 0.9, "u", true), (request.MaxOutputTokens, request.Temperature, request.TopK, request.TopP, request.User, request.Stream));
        Assert.Equal(["z"], request.Stop);
    }

    [Theory]
    [InlineData("""{"model":"m","prompt":"a"}""", "max_tokens_to_sample")]
    [InlineData("""{"model":"m","max_tokens_to_sample":5}""", "prompt")]
    [InlineData("""{"model":"m","max_tokens_to_sample":5,"prompt":"\n\nAssistant: x"}""", "prompt")]
    [InlineData("""{"model":"m","max_tokens_to_sample":5,"prompt":["x"]}""", "prompt")]
    [InlineData("""{"max_tokens_to_sample":5,"prompt":"x"}""", "model")]
    public void What_is_wrong_is_named(string json, string param) => Assert.Equal(param, Callers.Refusal(Dialect, json)?.Param);

    [Theory]
    [InlineData(StopReason.EndTurn, null, "\"stop_reason\":\"stop_sequence\",\"stop\":null")]
    [InlineData(StopReason.StopSequence, "z", "\"stop_reason\":\"stop_sequence\",\"stop\":\"z\"")]
    [InlineData(StopReason.MaxTokens, null, "\"stop_reason\":\"max_tokens\",\"stop\":null")]
    public void A_whole_answer_and_the_last_event_of_a_stream_tell_why_it_ended(StopReason reason, string? matched, string expected)
    {
        var request = Ask("a");
        Assert.Equal("{\"type\":\"completion\",\"id\":\"id-1\",\"completion\":\"Hello\"," + expected + ",\"model\":\"m\"}", Callers.Whole(Dialect, request, Answer(reason, matched)));
        Assert.Equal("""
            event: completion
            data: {"type":"completion","id":"id-1","completion":"Hel","stop_reason":null,"stop":null,"model":"m"}

            event: completion
            data: {"type":"completion","id":"id-1","completion":"lo","stop_reason":null,"stop":null,"model":"m"}

            event: completion
            data: {"type":"completion","id":"id-1","completion":"",
            """ + expected + ",\"model\":\"m\"}\n\n", Callers.Stream(Dialect, request, Answer(reason, matched)));
    }
}
