using System.Buffers;
using System.Diagnostics;
using System.Text;
using Milliways.Exchanges;

namespace Milliways.Bench.Relays;

/// <summary>Feeds a relay one event per read, as a paced stream does.</summary>
internal static class Drive
{
    public const int WarmUp = 200_000, Measured = 400_000;

    /// <summary>What <paramref name="count"/> events cost, each: bytes allocated on this thread, and nanoseconds.</summary>
    public static (double Bytes, double Nanoseconds) Run(IRelay relay, StreamEvents events, int count)
    {
        var (output, meter) = (new ArrayBufferWriter<byte>(64 << 10), new Meter());
        var (head, content) = (Encoding.UTF8.GetBytes(events.Head), Encoding.UTF8.GetBytes(events.Content));
        relay.Feed(head, endOfBody: false, output, meter);
        Feed(relay, content, output, meter); // what the first content makes is made once for each stream
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < count; i++)
            Feed(relay, content, output, meter);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        return ((double)bytes / count, Stopwatch.GetElapsedTime(began).TotalNanoseconds / count);
    }

    private static void Feed(IRelay relay, byte[] bytes, ArrayBufferWriter<byte> output, Meter meter)
    {
        output.ResetWrittenCount();
        relay.Feed(bytes, endOfBody: false, output, meter);
        if (relay.State != RelayState.Open || output.WrittenCount == 0)
            throw new InvalidOperationException($"The relay gave {output.WrittenCount} bytes and is {relay.State}: nothing was measured.");
    }
}
