using System.Buffers;
using System.Text;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

public sealed class BytesRelayTests
{
    [Fact]
    public void A_usage_chunk_that_the_end_of_the_body_leaves_open_is_taken_out_of_a_broken_stream_too()
    {
        var (relay, output, meter) = (new BytesRelay(new ChatStreamObserver(stripUsage: true)), new ArrayBufferWriter<byte>(), new Meter());

        relay.Feed(Encoding.UTF8.GetBytes(Answers.Role + Answers.Usage[..^2]), endOfBody: true, output, meter);

        Assert.Equal((RelayState.Failed, Answers.Role), (relay.State, Encoding.UTF8.GetString(output.WrittenSpan)));
        Assert.Equal(1, meter.Usage.Output);
    }
}
