using System.Buffers;
using System.Text;
using System.Text.Json;
using Milliways.Api;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;

namespace Milliways.Tests.Credits;

public sealed class CostEditTests
{
    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1}}""", """{"choices":[],"usage":{"prompt_tokens":1,"cost_in_usd_ticks":42}}""")]
    [InlineData("""{"usage":{ "cost_in_usd_ticks" : 7 , "a":{"cost_in_usd_ticks":1}},"x":"usage"}""", """{"usage":{ "cost_in_usd_ticks" : 42 , "a":{"cost_in_usd_ticks":1}},"x":"usage"}""")]
    [InlineData("""{"usage":{}}""", """{"usage":{"cost_in_usd_ticks":42}}""")]
    [InlineData("""{"type":"response.completed","response":{"output":[{"usage":{"no":1}}],"usage":{"input_tokens":3 }}}""", """{"type":"response.completed","response":{"output":[{"usage":{"no":1}}],"usage":{"input_tokens":3 ,"cost_in_usd_ticks":42}}}""")]
    [InlineData("""{"usage":null,"choices":[{"usage":{"no":1}}]}""", """{"usage":null,"choices":[{"usage":{"no":1}}]}""")]
    [InlineData("""[{"usage":{}}]""", """[{"usage":{}}]""")]
    [InlineData("no json", "no json")]
    public void The_cost_goes_into_the_usage_of_the_answer_and_every_other_byte_stays(string answer, string told)
    {
        var output = new ArrayBufferWriter<byte>();
        CostEdit.Write(Encoding.UTF8.GetBytes(answer), 42, output);
        Assert.Equal(told, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("""{"choices":[{}],"usage":{"prompt_tokens":1}}""", """{"choices":[{}],"usage":{"prompt_tokens":1,"cost_in_usd_ticks":42}}""")]
    [InlineData("""{"usage":{"cost_in_usd_ticks":7, "prompt_tokens":1}, "choices":[{"usage":{}}]}""", """{"usage":{"cost_in_usd_ticks":42, "prompt_tokens":1}, "choices":[{"usage":{}}]}""")]
    [InlineData("\uFEFF {\"choices\":[{}],\"usage\":{\"prompt_tokens\":1}}", "\uFEFF {\"choices\":[{}],\"usage\":{\"prompt_tokens\":1,\"cost_in_usd_ticks\":42}}")]
    [InlineData("""{"choices":[{"usage":{"no":1}}],"usage":null}""", """{"choices":[{"usage":{"no":1}}],"usage":null}""")]
    public void A_whole_answer_has_its_cost_in_its_usage_and_is_otherwise_as_it_came(string answer, string told)
    {
        foreach (var (cost, expected) in new[] { (42L, told), ((long?)null, answer) })
        {
            var (relay, output) = (new WholeBytesRelay("choices", WholeUsage.OfChat), new ArrayBufferWriter<byte>());
            relay.Feed(Encoding.UTF8.GetBytes(answer), endOfBody: true, output, new Meter());
            relay.WriteTail(output, cost);
            Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    [Fact]
    public void A_chat_streams_usage_waits_for_its_cost_and_goes_out_before_the_end()
    {
        const string first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n: alive\n\n";
        const string finish = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        const string usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n\n";
        const string done = "data: [DONE]\n\n";
        var (relay, output) = (new BytesRelay(new ChatStreamObserver(stripUsage: false), tellsCost: true), new ArrayBufferWriter<byte>());
        relay.Feed(Encoding.UTF8.GetBytes(first + finish + usage + done), endOfBody: false, output, new Meter());
        Assert.Equal(first + finish, Encoding.UTF8.GetString(output.WrittenSpan));
        relay.WriteTail(output, 42);
        Assert.Equal(first + finish + usage.Replace("4}}", "4,\"cost_in_usd_ticks\":42}}", StringComparison.Ordinal) + done, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_messages_stream_tells_its_cost_in_message_delta_only()
    {
        const string start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n";
        const string text = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
        const string delta = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n";
        const string stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        var (relay, output) = (new BytesRelay(new MessagesStreamObserver(), tellsCost: true), new ArrayBufferWriter<byte>());
        relay.Feed(Encoding.UTF8.GetBytes(start + text + delta + stop), endOfBody: false, output, new Meter());
        Assert.Equal(start + text, Encoding.UTF8.GetString(output.WrittenSpan));
        relay.WriteTail(output, 42);
        Assert.Equal(start + text + delta.Replace("2}}", "2,\"cost_in_usd_ticks\":42}}", StringComparison.Ordinal) + stop, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_stream_that_breaks_behind_its_usage_loses_no_event()
    {
        const string finish = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n";
        const string usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
        const string error = "data: {\"error\":{\"message\":\"no\"}}\n\n";
        var (relay, output) = (new BytesRelay(new ChatStreamObserver(stripUsage: false), tellsCost: true), new ArrayBufferWriter<byte>());
        relay.Feed(Encoding.UTF8.GetBytes(finish + usage + error), endOfBody: false, output, new Meter());
        Assert.Equal(RelayState.Failed, relay.State);
        Assert.Equal(finish + usage, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void The_text_that_goes_by_is_counted_as_it_is_written()
    {
        static long Chat(string json) => TextBytes.OfChat(Encoding.UTF8.GetBytes(json));
        Assert.Equal(2, Chat("""{"choices":[{"delta":{"content":"Hi"}}]}"""));
        Assert.Equal(6, Chat("""{"choices":[{"delta":{"content" : "a\"b\\"}}]}"""));
        Assert.Equal(5, Chat("""{"choices":[{"delta":{"reasoning_content":"abc","content":null,"tool_calls":[{"function":{"arguments":"{}"}}]}}]}"""));
        Assert.Equal(3, TextBytes.OfMessages("""{"type":"content_block_delta","delta":{"type":"text_delta","text":"€"}}"""u8));
        Assert.Equal(4, TextBytes.OfResponses(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { type = "response.output_text.delta", delta = "four" }))));
    }
}
