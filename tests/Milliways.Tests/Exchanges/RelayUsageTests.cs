using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Milliways.Api;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;
using Milliways.Upstreams;

namespace Milliways.Tests.Exchanges;

/// <summary>What an answer used does not depend on the way it took: as bytes, crossing, folded, unfolded, whole or streamed, the meter reads the same.</summary>
public sealed partial class RelayUsageTests
{
    private static readonly ICallerDialect[] Callers = [ChatDialect.Instance, MessagesDialect.Instance, ResponsesDialect.Instance];

    private static readonly ChatRequest Asked = new() { Model = "m", Messages = [] };

    public static TheoryData<string> Upstreams => [.. Wire.All.Select(wire => wire.Name)];

    [Theory]
    [MemberData(nameof(Upstreams))]
    public void Every_relay_counts_what_was_recorded(string upstream)
    {
        var wire = Wire.Of(upstream);
        foreach (var kind in Kinds(wire))
        {
            var counted = Counted(wire, wire.Recorded(kind, streamed: true), wire.Recorded(kind, streamed: false));
            Assert.All(counted, each => Assert.Equal((UsageSource.Reported, 8, 4, 0, 7), (each.Source, each.Usage.Input, each.Usage.CacheRead, each.Usage.CacheWrite, each.Usage.Output)));
            Assert.Single(counted.Select(each => each.Usage).Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Upstreams))]
    public void Every_relay_counts_the_same_whatever_the_upstream_counted(string upstream) => Dice.Check(dice =>
    {
        var (wire, counts) = (Wire.Of(upstream), new Dictionary<string, int>(StringComparer.Ordinal));
        var kind = dice.One([.. Kinds(wire)]);
        var counted = Counted(wire, Recounted(wire.Recorded(kind, streamed: true), dice, counts), Recounted(wire.Recorded(kind, streamed: false), dice, counts));
        Assert.True(counted.Select(each => (each.Source, each.Usage)).Distinct().Count() == 1, $"{string.Join(", ", counts)}\n{string.Join('\n', counted)}");
    }, tests: 150);

    private static IEnumerable<string> Kinds(Wire wire) => wire == Wire.Xai ? ["text", "tools"] : ["text", "call", "tools", "reasoning"];

    /// <summary>The recording with thrown counts; a count has one value wherever the answer says it.</summary>
    private static string Recounted(string recording, Dice dice, Dictionary<string, int> counts) => Count().Replace(recording, match =>
    {
        if (!counts.TryGetValue(match.Groups[1].Value, out var count))
            counts[match.Groups[1].Value] = count = dice.Upto(1000);
        return $"\"{match.Groups[1].Value}\":{count}";
    });

    private static List<(string Way, UsageSource Source, ChatUsage Usage)> Counted(Wire wire, string stream, string whole)
    {
        var upstream = UpstreamWire.Of(wire.Dialect switch
        {
            "anthropic" => UpstreamDialect.Anthropic,
            "openai-responses" => UpstreamDialect.OpenAiResponses,
            "google" => UpstreamDialect.Google,
            _ => UpstreamDialect.OpenAiChat,
        });
        var names = ToolNames.Of(Asked);
        List<(string, UsageSource, ChatUsage)> counted = [.. Same(wire.Dialect).Select(way => Through(way.Name, way.Relay, way.Relay.NeedsWholeBody ? whole : stream))];
        foreach (var caller in Callers)
        {
            IStreamWriter Writer(IBufferWriter<byte> output, string? model) => caller.NewStreamWriter(output, new AnswerFacts("id-1", model ?? "m", 1735000000, Asked));
            counted.Add(Through($"cross to {caller}", new CrossRelay(upstream.NewStreamReader(), Writer, names), stream));
            counted.Add(Through($"unfold to {caller}", new UnfoldRelay(upstream.ReadAnswer, Writer, names), whole));
            counted.Add(Through($"fold to {caller}",
                new FoldRelay(upstream.ReadAnswer, (fold, output, cost) => caller.WriteAnswer(fold, new AnswerFacts("id-1", "m", 1735000000, Asked), output, cost), names), whole));
        }
        return counted;
    }

    /// <summary>The relays of a caller who speaks the upstream's dialect; nobody speaks Google's.</summary>
    private static (string Name, IRelay Relay)[] Same(string dialect) => dialect switch
    {
        "openai-chat" => [("bytes", new BytesRelay(new ChatStreamObserver(stripUsage: false))), ("bytes, usage taken out", new BytesRelay(new ChatStreamObserver(stripUsage: true))),
            ("whole bytes", new WholeBytesRelay("choices", WholeUsage.OfChat))],
        "anthropic" => [("bytes", new BytesRelay(new MessagesStreamObserver())), ("whole bytes", new WholeBytesRelay("content", WholeUsage.OfMessages))],
        "openai-responses" => [("bytes", new BytesRelay(new ResponsesStreamObserver())), ("whole bytes", new WholeBytesRelay("output", WholeUsage.OfResponses))],
        _ => [],
    };

    private static (string, UsageSource, ChatUsage) Through(string way, IRelay relay, string answer)
    {
        var (output, meter) = (new ArrayBufferWriter<byte>(), new Meter());
        relay.Feed(Encoding.UTF8.GetBytes(answer), endOfBody: true, output, meter);
        Assert.True(relay.State == RelayState.Complete, $"{way}: {relay.State} {relay.Failure}");
        relay.WriteTail(output);
        return (way, meter.Source, meter.Usage);
    }

    [GeneratedRegex("""
        "(\w*_tokens|\w*[tT]okenCount)":\d+
        """)]
    private static partial Regex Count();
}
