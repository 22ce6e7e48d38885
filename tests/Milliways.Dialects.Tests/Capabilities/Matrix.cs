using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.Capabilities;

/// <summary>The matrix by running it: tiny requests and answers through the dialects, and what became of each.</summary>
public static class Matrix
{
    public const string LeftOut = "left out";

    private const string Head = """
        # What crosses

        Made by the tests from the dialects themselves (`MILLIWAYS_WRITE_GOLDENS=1` writes it anew); do not edit.

        A caller of one dialect may be served by an upstream of any other. Where both speak the same dialect the bytes go through as they are, whatever
        they ask (`passes`; only `search_parameters` that ask for a search are refused where the upstream is not xAI). Otherwise each thing

        - `crosses`: it is said in the upstream's words;
        - is `dropped`: the answer names it in `x-milliways-dropped`, and with `x-milliways-strict: true` the request is refused instead;
        - is `refused`: a 400, over gRPC INVALID_ARGUMENT, names the field, because the answer would not be what was asked for;
        - is `left out`: it has no counterpart and nobody misses it, such as a cache marker;
        - `-`: the caller's dialect has no words for it.

        `Messages (older model)` stands for Anthropic's models before the 4.5 family, `Chat (OpenAI)` for OpenAI's reasoning models.


        """;

    /// <summary>What becomes of a request's feature at an upstream.</summary>
    public static string Cell(CallerColumn caller, UpstreamColumn upstream, RequestFeature feature)
    {
        if (feature.Of(DialectRegistry.KeyOf(caller.Dialect)) is not { } sample) return "-";
        if (DialectRegistry.KeyOf(caller.Dialect) == DialectRegistry.KeyOf(upstream.Dialect)) return "passes";
        var with = Write(caller, upstream, sample.With);
        if (with.Failure is { } failure) return $"refused ({failure.Param})";
        var without = Write(caller, upstream, sample.Without);
        Assert.True(without.Failure is null, $"{feature.Name}: {without.Failure}");
        var dropped = string.Join(", ", with.Dropped.Except(without.Dropped));
        if (with.Body == without.Body) return dropped.Length > 0 ? "dropped" + Unless(dropped, feature.Name) : LeftOut;
        var crosses = with.IsFetched ? "crosses (fetched)" : "crosses";
        return dropped.Length > 0 ? $"{crosses}, without {dropped}" : crosses;
    }

    /// <summary>Whether an answer's feature reaches a caller.</summary>
    public static string Cell(CallerColumn caller, UpstreamColumn upstream, AnswerFeature feature)
    {
        if (feature.Of(DialectRegistry.KeyOf(upstream.Dialect)) is not { } sample) return "-";
        if (DialectRegistry.KeyOf(caller.Dialect) == DialectRegistry.KeyOf(upstream.Dialect)) return "passes";
        var sink = new Recorder();
        upstream.Dialect.ReadAnswer(Given(upstream.Dialect, sample), sink);
        Assert.True(sink.Fold.Failure is null, $"{feature.Name} from {upstream.Name}: {sink.Fold.Failure}");
        var request = new ChatRequest { Model = "m", Messages = [new ChatMessage(ChatRole.User, [new ChatPart.Text("Q")])], Logprobs = true };
        var output = new ArrayBufferWriter<byte>();
        caller.Dialect.WriteAnswer(sink.Fold, Callers.Facts(request, caller.Flavour), output);
        return Regex.IsMatch(Shown(caller.Dialect, output.WrittenSpan), feature.Mark) ? "crosses" : LeftOut;
    }

    public static string Render()
    {
        var text = new StringBuilder(Head);
        foreach (var caller in DialectRegistry.Callers.DistinctBy(caller => caller.Dialect))
        {
            var rows = RequestFeatures.All.Where(feature => feature.Of(DialectRegistry.KeyOf(caller.Dialect)) is not null).ToList();
            Assert.True(rows.Count > 0, $"no sample requests for the caller's dialect {caller.Name}");
            Table(text, $"## Requests in {caller.Name.Split(" (")[0]}", DialectRegistry.Upstreams.Select(upstream => upstream.Name),
                rows.Select(feature => (feature.Name, DialectRegistry.Upstreams.Select(upstream => Cell(caller, upstream, feature)))));
        }

        foreach (var upstream in DialectRegistry.Upstreams.DistinctBy(upstream => upstream.Dialect))
        {
            var rows = AnswerFeatures.All.Where(feature => feature.Of(DialectRegistry.KeyOf(upstream.Dialect)) is not null).ToList();
            Assert.True(rows.Count > 0, $"no sample answers for the upstream's dialect {upstream.Name}");
            Table(text, $"## Answers from {upstream.Name}", DialectRegistry.Callers.Select(caller => caller.Name),
                rows.Select(feature => (feature.Name, DialectRegistry.Callers.Select(caller => Cell(caller, upstream, feature)))));
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static void Table(StringBuilder text, string title, IEnumerable<string> columns, IEnumerable<(string Name, IEnumerable<string> Cells)> rows)
    {
        var heads = columns.ToList();
        text.Append(title).Append("\n\n| | ").AppendJoin(" | ", heads).Append(" |\n|---|").Insert(text.Length, "---|", heads.Count).Append('\n');
        foreach (var (name, cells) in rows) text.Append("| ").Append(name).Append(" | ").AppendJoin(" | ", cells).Append(" |\n");
        text.Append('\n');
    }

    private static string Unless(string dropped, string name) => dropped == name ? "" : $" ({dropped})";

    private static (Failure? Failure, string Body, SortedSet<string> Dropped, bool IsFetched) Write(CallerColumn caller, UpstreamColumn upstream, string body)
    {
        var dropped = new SortedSet<string>(StringComparer.Ordinal);
        var reading = caller.Dialect.ReadRequest(Sent(caller.Dialect, body));
        if (!reading.IsOk) return (reading.Failure, "", dropped, false);
        var (request, isFetched) = Fetched(reading.Value, upstream.Target.Traits);
        var output = new ArrayBufferWriter<byte>();
        var failure = upstream.Dialect.WriteRequest(request, upstream.Target, output, dropped);
        return (failure, Encoding.UTF8.GetString(output.WrittenSpan), dropped, isFetched);
    }

    /// <summary>Samples of gRPC are protobuf's JSON.</summary>
    public static byte[] Sent(ICallerDialect dialect, string body) =>
        dialect is XaiGrpcDialect ? JsonParser.Default.Parse<GetCompletionsRequest>(body).ToByteArray() : Encoding.UTF8.GetBytes(body);

    private static byte[] Given(IUpstreamDialect dialect, string body) =>
        dialect is GrpcUpstream ? JsonParser.Default.Parse<GetChatCompletionResponse>(body).ToByteArray() : Encoding.UTF8.GetBytes(body);

    private static string Shown(ICallerDialect dialect, ReadOnlySpan<byte> answer) =>
        dialect is XaiGrpcDialect ? JsonFormatter.Default.Format(GetChatCompletionResponse.Parser.ParseFrom(answer[GrpcFrame.HeadLength..])) : Encoding.UTF8.GetString(answer);

    /// <summary>What the server does on the way for upstreams that take images only.</summary>
    private static (ChatRequest Request, bool IsFetched) Fetched(ChatRequest request, UpstreamTraits traits)
    {
        static bool IsAddress(ChatPart part) => part is ChatPart.Image { Data: null };
        if (!traits.InlineImages || !request.Messages.Any(message => message.Parts.Any(IsAddress))) return (request, false);
        var messages = request.Messages.Select(message => message with { Parts = [.. message.Parts.Select(part => IsAddress(part) ? new ChatPart.Image(null, "image/png", "iVBORw0KGgoA") : part)] });
        return (request with { Messages = [.. messages] }, true);
    }
}
