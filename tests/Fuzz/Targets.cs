using Milliways.Dialects.Anthropic;
using Milliways.Dialects.AnthropicComplete;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Completions;
using Milliways.Dialects.Gemini;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Fuzz;

/// <summary>One reader under test: makes an input from the corpus and checks what the reader does with it.</summary>
internal sealed record Target(string Name, Func<Corpus, Throws, byte[]> Make, Action<byte[], Throws> Check);

/// <summary>Every reader of what comes from outside.</summary>
internal static class Targets
{
    /// <summary>The upstreams' dialects, under the names of the recordings.</summary>
    public static IReadOnlyDictionary<string, IUpstreamDialect> Upstreams { get; } = new Dictionary<string, IUpstreamDialect>
    {
        ["openai-chat"] = ChatDialect.Instance,
        ["xai"] = ChatDialect.Instance,
        ["anthropic"] = MessagesDialect.Instance,
        ["openai-responses"] = ResponsesDialect.Instance,
        ["google"] = GeminiDialect.Instance,
    };

    private static readonly Dictionary<string, ICallerDialect> Callers = new()
    {
        ["chat"] = ChatDialect.Instance,
        ["messages"] = MessagesDialect.Instance,
        ["responses"] = ResponsesDialect.Instance,
        ["completions"] = CompletionsDialect.Instance,
        ["complete"] = CompleteDialect.Instance,
    };

    public static IReadOnlyList<Target> All { get; } =
    [
        new("sse", (corpus, throws) => Mutated([.. corpus.Streams.Select(each => each.Bytes)], corpus, throws), StreamChecks.Sse),
        .. Upstreams.SelectMany(upstream => (Target[])
        [
            new($"stream {upstream.Key}", (corpus, throws) => Mutated(Streams(corpus, upstream.Key), corpus, throws), (bytes, throws) => StreamChecks.Stream(upstream.Value, bytes, throws)),
            new($"cut {upstream.Key}", (corpus, throws) => Cut(throws.One(Streams(corpus, upstream.Key)), throws), (bytes, throws) => StreamChecks.Cut(upstream.Value, bytes, throws)),
            new($"answer {upstream.Key}", (corpus, throws) => Mutated(Answers(corpus, upstream.Key), corpus, throws), (bytes, _) => WholeChecks.Answer(upstream.Value, bytes)),
            new($"cut answer {upstream.Key}", (corpus, throws) => CutAnswer(throws.One(Answers(corpus, upstream.Key)), throws), (bytes, _) => WholeChecks.CutAnswer(upstream.Value, bytes)),
        ]),
        new("relay chat", (corpus, throws) => Mutated(Streams(corpus, "openai-chat"), corpus, throws), RelayChecks.Chat),
        new("relay messages", (corpus, throws) => Mutated(Streams(corpus, "anthropic"), corpus, throws), RelayChecks.Messages),
        new("cut relay chat", (corpus, throws) => Cut(throws.One(Streams(corpus, "openai-chat")), throws), RelayChecks.CutChat),
        new("cut relay messages", (corpus, throws) => Cut(throws.One(Streams(corpus, "anthropic")), throws), RelayChecks.CutMessages),
        new("relay responses", (corpus, throws) => Mutated(Streams(corpus, "openai-responses"), corpus, throws), RelayChecks.Responses),
        new("cut relay responses", (corpus, throws) => Cut(throws.One(Streams(corpus, "openai-responses")), throws), RelayChecks.CutResponses),
        .. Callers.Select(caller => new Target($"request {caller.Key}", Requests, (bytes, _) => WholeChecks.Request(caller.Value, bytes))),
        new("request grpc", (corpus, throws) => Mutated(corpus.GrpcRequests, corpus, throws), (bytes, _) => GrpcChecks.Request(bytes)),
        new("stream grpc", (corpus, throws) => Mutated(corpus.GrpcStreams, corpus, throws), GrpcChecks.Stream),
        new("cut grpc", (corpus, throws) => throws.One(corpus.GrpcStreams) is var stream ? stream[..throws.Upto(GrpcChecks.End(stream))] : [], GrpcChecks.Cut),
        new("answer grpc", (corpus, throws) => Mutated(corpus.GrpcAnswers, corpus, throws), (bytes, _) => WholeChecks.Answer(GrpcUpstream.Instance, bytes)),
        new("scanner", Requests, (bytes, _) => WholeChecks.Scanner(bytes)),
    ];

    private static byte[] Requests(Corpus corpus, Throws throws) => Mutated(corpus.Requests, corpus, throws);

    private static IReadOnlyList<byte[]> Streams(Corpus corpus, string wire) => [.. corpus.Streams.Where(each => each.Wire == wire).Select(each => each.Bytes)];

    private static IReadOnlyList<byte[]> Answers(Corpus corpus, string wire) => [.. corpus.Answers.Where(each => each.Wire == wire).Select(each => each.Bytes)];

    private static byte[] Mutated(IReadOnlyList<byte[]> from, Corpus corpus, Throws throws) => Mutator.Mutate(throws.One(from), throws.One(corpus.All), throws);

    /// <summary>A stream that ends somewhere before what makes it whole, and may be damaged besides.</summary>
    private static byte[] Cut(byte[] stream, Throws throws)
    {
        var whole = new[] { "\"finish_reason\":\"", "event: message_stop", "\"finishReason\":\"", "event: response.completed" }
            .Select(mark => stream.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(mark))).Where(at => at >= 0).Min();
        return Mutator.Damage(stream[..throws.Upto(whole)], throws);
    }

    private static byte[] CutAnswer(byte[] answer, Throws throws) => answer[..throws.Upto(answer.Length - 1)];
}
