using System.Buffers;
using System.Text;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Exchanges;

/// <summary>What a cut stream had reported until then is what its outcome tells: the upstream's last cumulative usage (contract, "Numbers and marks").</summary>
public sealed class CutUsageTests
{
    [Fact]
    public void A_cut_messages_stream_counts_what_its_start_reported() =>
        Assert.Equal((UsageSource.Reported, 8, 4, 1), Metered(new BytesRelay(new MessagesStreamObserver()), Wire.Anthropic.Text[..6]));

    [Fact]
    public void A_stream_cut_behind_its_last_count_counts_all() =>
        Assert.Equal((UsageSource.Reported, 8, 4, 7), Metered(new BytesRelay(new MessagesStreamObserver()), Wire.Anthropic.Text[..^1]));

    [Fact]
    public void A_crossed_stream_counts_the_same_when_it_is_cut()
    {
        var relay = new CrossRelay(MessagesDialect.Instance.NewStreamReader(),
            (output, model) => MessagesDialect.Instance.NewStreamWriter(output, new AnswerFacts("msg_1", model ?? "m", 1, new ChatRequest { Model = "m", Messages = [] })), ToolNames.Of(new ChatRequest { Model = "m", Messages = [] }));
        Assert.Equal((UsageSource.Reported, 8, 4, 7), Metered(relay, Wire.Anthropic.Text[..^1]));
    }

    [Fact]
    public void A_chat_stream_cut_before_its_usage_has_none() =>
        Assert.Equal((UsageSource.None, 0, 0, 0), Metered(new BytesRelay(new ChatStreamObserver(stripUsage: true)), Wire.OpenAiChat.Text[..^2]));

    private static (UsageSource, long, long, long) Metered(IRelay relay, string[] frames)
    {
        var meter = new Meter();
        relay.Feed(Encoding.UTF8.GetBytes(string.Concat(frames)), endOfBody: false, new ArrayBufferWriter<byte>(), meter);
        Assert.Equal(RelayState.Open, relay.State);
        return (meter.Source, meter.Usage.Input, meter.Usage.CacheRead, meter.Usage.Output);
    }
}
