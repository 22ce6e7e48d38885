using System.Buffers;
using System.Diagnostics;
using Google.Protobuf;
using Milliways.Api.Grpc;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Upstreams;
using AnswerWriter = Milliways.Exchanges.Relays.AnswerWriter;
using RequestReader = Milliways.Dialects.XaiGrpc.RequestReader;

namespace Milliways.Bench.Relays;

/// <summary>One whole exchange without sockets: the caller's request is read, written for the upstream, and the upstream's answer becomes the caller's.</summary>
internal static class Wholes
{
    private const int WarmUp = 30_000, Measured = 60_000;

    private static readonly byte[] ChatAnswer = """{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"A gateway stands before models, and counts what they cost. It keeps keys. It speaks every dialect."},"finish_reason":"stop"}],"usage":{"prompt_tokens":42,"completion_tokens":24,"total_tokens":66}}"""u8.ToArray();

    private static readonly byte[] MessagesAnswer = """{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4","content":[{"type":"text","text":"A gateway stands before models, and counts what they cost. It keeps keys. It speaks every dialect."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":42,"output_tokens":24}}"""u8.ToArray();

    private static readonly byte[] ChatAsked = """{"model":"m","max_tokens":256,"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Explain what a gateway for language models does."}]}"""u8.ToArray();

    private static readonly byte[] MessagesAsked = """{"model":"m","max_tokens":256,"system":"You are a helpful assistant.","messages":[{"role":"user","content":"Explain what a gateway for language models does."}]}"""u8.ToArray();

    private static readonly byte[] GrpcAsked = new GetCompletionsRequest
    {
        Model = "m", MaxTokens = 256,
        Messages = { Said(MessageRole.RoleSystem, "You are a helpful assistant."), Said(MessageRole.RoleUser, "Explain what a gateway for language models does.") },
    }.ToByteArray();

    /// <summary>What one exchange costs: bytes allocated on this thread, and nanoseconds.</summary>
    public static IEnumerable<(string Name, double Bytes, double Nanoseconds)> Measure()
    {
        yield return Run("chat from messages", () => Once(ChatDialect.Instance, ChatDialect.Instance.ReadRequest(ChatAsked), UpstreamDialect.Anthropic, MessagesAnswer));
        yield return Run("messages from chat", () => Once(MessagesDialect.Instance, MessagesDialect.Instance.ReadRequest(MessagesAsked), UpstreamDialect.OpenAiChat, ChatAnswer));
        yield return Run("gRPC from chat", () => Once(XaiGrpcDialect.Instance, ReadGrpc(), UpstreamDialect.OpenAiChat, ChatAnswer));
        yield return Run("gRPC from messages", () => Once(XaiGrpcDialect.Instance, ReadGrpc(), UpstreamDialect.Anthropic, MessagesAnswer));
    }

    private static Message Said(MessageRole role, string text) => new() { Role = role, Content = { new Content { Text = text } } };

    /// <summary>As the front does it: the message, and the JSON that gates and log look into.</summary>
    private static Reading<ChatRequest> ReadGrpc()
    {
        var request = RequestReader.Read(GrpcAsked, GrpcReadOptions.Whole);
        return GrpcBody.Of(request.Value!) is { IsOk: true } ? request : throw new InvalidOperationException("The request is not read.");
    }

    private static int Once(ICallerDialect caller, Reading<ChatRequest> asked, UpstreamDialect upstream, byte[] answer)
    {
        var (request, wire, output) = (asked.Value!, UpstreamWire.Of(upstream), new ArrayBufferWriter<byte>(1024));
        if (wire.WriteRequest(request, new UpstreamTarget("m") { MaxOutput = 4096 }, output, new SortedSet<string>(StringComparer.Ordinal)) is { } refused)
            throw new InvalidOperationException(refused.Message);
        output.ResetWrittenCount();
        AnswerWriter write = (fold, to, cost) => caller.WriteAnswer(fold, new AnswerFacts("id", fold.Model ?? "m", 0, request), to, cost);
        var relay = new FoldRelay(wire.ReadAnswer, write, ToolNames.Of(request));
        relay.Feed(answer, endOfBody: true, output, new Meter());
        relay.WriteTail(output, cost: 1);
        return relay.State == RelayState.Complete && output.WrittenCount > 0 ? output.WrittenCount : throw new InvalidOperationException("Nothing was measured.");
    }

    private static (string Name, double Bytes, double Nanoseconds) Run(string name, Func<int> once)
    {
        for (var i = 0; i < WarmUp; i++)
            once();
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < Measured; i++)
            once();
        return (name, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Measured, Stopwatch.GetElapsedTime(began).TotalNanoseconds / Measured);
    }
}
