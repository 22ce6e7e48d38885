using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Usage on its way to the other dialect (dialects 4.11, 5.10).</summary>
public sealed class UsageTests
{
    private const string Chat = """{"choices":[],"usage":{"prompt_tokens":14,"completion_tokens":20,"total_tokens":34,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":6}}}""";

    private static IEnumerable<JsonElement> Events(string stream) =>
        stream[..^2].Split("\n\n").Select(frame => JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement);

    private static List<ChatEvent> FromChat(string delta, string usage) => Wire.ReadChat(
        $$$"""
        data: {"choices":[{"index":0,"delta":{{{delta}}}}]}

        data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {{{usage}}}

        data: [DONE]


        """).Events;

    [Theory]
    [InlineData("""{"content":"x"}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}""")] // USG-08 LocalAI#9941
    public void The_end_of_a_message_has_input_without_what_was_cached_and_all_output(string delta) // USG-04 envoy#2350
    {
        var stream = Wire.WriteMessages(FromChat(delta, Chat));
        var usage = Events(stream).Single(each => each.GetProperty("type").GetString() == "message_delta").GetProperty("usage");
        Assert.Equal((10, 4, 20), (usage.GetProperty("input_tokens").GetInt32(), usage.GetProperty("cache_read_input_tokens").GetInt32(), usage.GetProperty("output_tokens").GetInt32()));
    }

    [Fact]
    public void The_start_of_a_message_never_has_zero_input() // USG-06 CLIProxyAPI#1700
    {
        var start = Events(Wire.WriteMessages(FromChat("""{"content":"x"}""", Chat))).First();
        Assert.Equal(10, start.GetProperty("message").GetProperty("usage").GetProperty("input_tokens").GetInt32());
    }

    [Fact]
    public void Totals_are_the_sum_of_all_buckets_in_both_flavours() // USG-11 Portkey#1754
    {
        var fold = Wire.ReadMessage("""{"type":"message","content":[],"stop_reason":"end_turn","usage":{"input_tokens":10,"cache_read_input_tokens":4,"cache_creation_input_tokens":3,"output_tokens":20}}""").Fold;
        foreach (var flavour in new[] { Flavour.OpenAi, Flavour.Xai })
        {
            var usage = JsonDocument.Parse(Wire.WriteChatAnswer(fold, flavour)).RootElement.GetProperty("usage");
            Assert.Equal((17, 20, 37, 4), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32()));
        }
    }

    [Fact]
    public void Input_that_only_the_start_tells_is_kept() // USG-12 9router#2209
    {
        var read = Wire.ReadMessages("""
            data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":10,"cache_read_input_tokens":4,"output_tokens":1}}}

            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}

            data: {"type":"message_stop"}


            """);
        Assert.Equal(new ChatUsage(10, 4, 0, 9, 0), read.Fold.Usage);
    }

    [Fact]
    public void A_message_has_usage_even_when_the_upstream_tells_none() // USG-15 claude-code#40260
    {
        var events = FromChat("""{"content":"x"}""", """{"choices":[]}""");
        Assert.Contains("\"usage\":{\"input_tokens\":10,", Events(Wire.WriteMessages(events)).Single(each => each.GetProperty("type").GetString() == "message_delta").GetRawText(), StringComparison.Ordinal);
        Assert.Contains("\"usage\":{\"input_tokens\":10,", Wire.WriteMessage(Wire.Fold(events)), StringComparison.Ordinal);
    }
}
