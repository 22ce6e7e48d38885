using Google.Protobuf;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Upstreams;

namespace Milliways.Bench.Relays;

/// <summary>An upstream's stream: what comes before the text, and one event of text.</summary>
internal sealed record StreamEvents(string Head, string Content);

/// <summary>The relays that are measured; a name reads "caller from upstream".</summary>
internal static class Lanes
{
    private const string Chunk = "data: {\"id\":\"chatcmpl-BmK3a9xQ2mock0001\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"gpt-4o-mini-2024-07-18\","
        + "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_34a54ae93c\",\"choices\":[{\"index\":0,\"delta\":{DELTA},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";

    private static readonly StreamEvents Chat = new(
        Chunk.Replace("DELTA", "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null", StringComparison.Ordinal),
        Chunk.Replace("DELTA", "\"content\":\" a token of text\"", StringComparison.Ordinal));

    private static readonly StreamEvents Messages = new(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4\",\"content\":[],"
            + "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":42,\"output_tokens\":1}}}\n\n"
            + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" a token of text\"}}\n\n");

    public static IEnumerable<(string Name, Func<IRelay> Relay, StreamEvents Events)> All() =>
    [
        ("chat from chat", static () => new BytesRelay(new ChatStreamObserver(stripUsage: false)), Chat),
        ("messages from messages", static () => new BytesRelay(new MessagesStreamObserver()), Messages),
        ("chat from messages", static () => Cross(ChatDialect.Instance, UpstreamDialect.Anthropic), Messages),
        ("messages from chat", static () => Cross(MessagesDialect.Instance, UpstreamDialect.OpenAiChat), Chat),
        ("gRPC from chat", static () => Cross(XaiGrpcDialect.Streamed, UpstreamDialect.OpenAiChat, Asked()), Chat),
        ("gRPC from messages", static () => Cross(XaiGrpcDialect.Streamed, UpstreamDialect.Anthropic, Asked()), Messages),
    ];

    private static CrossRelay Cross(ICallerDialect caller, UpstreamDialect upstream) =>
        Cross(caller, upstream, """{"model":"m","max_tokens":256,"stream":true,"messages":[{"role":"user","content":"Hello"}]}"""u8.ToArray());

    private static byte[] Asked() =>
        new GetCompletionsRequest { Model = "m", MaxTokens = 256, Messages = { new Message { Role = MessageRole.RoleUser, Content = { new Content { Text = "Hello" } } } } }.ToByteArray();

    private static CrossRelay Cross(ICallerDialect caller, UpstreamDialect upstream, byte[] body)
    {
        if (caller.ReadRequest(body) is not { IsOk: true, Value: { } request })
            throw new InvalidOperationException("The request is not read.");
        var wire = UpstreamWire.Of(upstream);
        return new CrossRelay(wire.NewStreamReader(), (output, model) => caller.NewStreamWriter(output, new AnswerFacts("id", model ?? "m", 0, request)), ToolNames.Of(request));
    }
}
