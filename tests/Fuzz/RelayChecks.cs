using System.Buffers;
using System.Text;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;

namespace Milliways.Fuzz;

/// <summary>What must hold where bytes of the same dialect go through.</summary>
internal static class RelayChecks
{
    private const string Done = "data: [DONE]\n\n";
    private const string Stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

    public static void Chat(byte[] bytes, Throws throws) => Run(new ChatStreamObserver(stripUsage: true), bytes, throws, Done);

    public static void Messages(byte[] bytes, Throws throws) => Run(new MessagesStreamObserver(), bytes, throws, Stop);

    /// <summary>The last event has data of its own, so that there is no fixed end to look for; that of Messages is an event like any other here.</summary>
    public static void Responses(byte[] bytes, Throws throws) => Run(new ResponsesStreamObserver(), bytes, throws, terminal: null);

    public static void CutResponses(byte[] bytes, Throws throws) =>
        Claim.That(Run(new ResponsesStreamObserver(), bytes, throws, terminal: null) == RelayState.Failed, "a stream that was cut is complete");

    public static void CutChat(byte[] bytes, Throws throws) =>
        Claim.That(Run(new ChatStreamObserver(stripUsage: false), bytes, throws, Done) == RelayState.Failed, "a stream that was cut is complete");

    public static void CutMessages(byte[] bytes, Throws throws) =>
        Claim.That(Run(new MessagesStreamObserver(), bytes, throws, Stop) == RelayState.Failed, "a stream that was cut is complete");

    private static RelayState Run(IStreamObserver observer, byte[] bytes, Throws throws, string? terminal)
    {
        var (relay, output, meter) = (new BytesRelay(observer), new ArrayBufferWriter<byte>(), new Meter());
        int from = 0, to = 0;
        while (to < bytes.Length && relay.State == RelayState.Open)
        {
            to = Math.Min(bytes.Length, to + 1 + throws.Upto(300));
            from += relay.Feed(bytes.AsSpan(from, to - from), endOfBody: false, output, meter);
            Claim.That(from <= to, "more was consumed than came");
        }
        if (relay.State == RelayState.Open)
            relay.Feed(bytes.AsSpan(from), endOfBody: true, output, meter);
        Claim.That(relay.State != RelayState.Open, "no end");
        Claim.That(relay.State != RelayState.Failed || relay.Failure is not null, "failed without a reason");
        Claim.That(output.WrittenCount <= bytes.Length, "more went out than came in");
        var before = Encoding.Latin1.GetString(output.WrittenSpan);
        Claim.That(terminal is null || !before.EndsWith("\n\n" + terminal, StringComparison.Ordinal), "the terminal event went out before the end");
        if (relay.State == RelayState.Complete)
            relay.WriteTail(output);
        return relay.State;
    }
}
