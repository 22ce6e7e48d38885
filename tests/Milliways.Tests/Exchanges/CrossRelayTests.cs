using System.Buffers;
using System.Text;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Gemini;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Exchanges;

public sealed class CrossRelayTests
{
    private static readonly ICallerDialect[] Callers = [ChatDialect.Instance, MessagesDialect.Instance, ResponsesDialect.Instance];

    private static readonly ChatRequest Asked = new() { Model = "m", Messages = [] };

    public static TheoryData<string> Upstreams => [.. Wire.All.Select(wire => wire.Name)];

    [Theory]
    [MemberData(nameof(Upstreams))]
    public void Events_that_come_in_one_piece_cross_as_those_that_come_one_by_one(string upstream)
    {
        var wire = Wire.Of(upstream);
        foreach (var caller in Callers)
            foreach (var (frames, last) in new[] { (wire.Text, "!"), (wire.Tools, "get_time") })
            {
                var one = Through(wire, caller, frames);
                Assert.Contains(last, one, StringComparison.Ordinal);
                Assert.Equal(one, Through(wire, caller, [string.Concat(frames)]));
            }
    }

    [Theory]
    [MemberData(nameof(Upstreams))]
    public void Events_cross_alike_whatever_their_pieces(string upstream) => Dice.Check(dice =>
    {
        var wire = Wire.Of(upstream);
        var (caller, frames) = (dice.One(Callers), dice.Flip() ? wire.Text : wire.Tools);
        var pieces = new List<string>();
        for (var rest = string.Concat(frames); rest.Length > 0; rest = rest[pieces[^1].Length..])
            pieces.Add(rest[..Math.Min(rest.Length, 1 + dice.Upto(900))]);
        Assert.Equal(Through(wire, caller, frames), Through(wire, caller, pieces));
    }, tests: 60);

    /// <summary>What the caller gets, its end included.</summary>
    private static string Through(Wire wire, ICallerDialect caller, IEnumerable<string> pieces)
    {
        var relay = new CrossRelay(Reader(wire), (output, model) => caller.NewStreamWriter(output, new AnswerFacts("id-1", model ?? "m", 1735000000, Asked)), ToolNames.Of(Asked));
        var (output, meter, unread) = (new ArrayBufferWriter<byte>(), new Meter(), Array.Empty<byte>());
        foreach (var piece in pieces)
        {
            unread = [.. unread, .. Encoding.UTF8.GetBytes(piece)];
            unread = unread[relay.Feed(unread, endOfBody: false, output, meter)..];
        }
        if (relay.State == RelayState.Open)
            relay.Feed(unread, endOfBody: true, output, meter);
        Assert.Equal(RelayState.Complete, relay.State);
        relay.WriteTail(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static IStreamReader Reader(Wire wire) => wire.Dialect switch
    {
        "anthropic" => MessagesDialect.Instance.NewStreamReader(),
        "openai-responses" => ResponsesDialect.Instance.NewStreamReader(),
        "google" => GeminiDialect.Instance.NewStreamReader(),
        _ => ChatDialect.Instance.NewStreamReader(),
    };
}
