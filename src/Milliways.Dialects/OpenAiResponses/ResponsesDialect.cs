using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>OpenAI's Responses, both ways.</summary>
public sealed class ResponsesDialect : IUpstreamDialect, ICallerDialect
{
    public static ResponsesDialect Instance { get; } = new();

    public Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped) =>
        RequestWriter.Write(request, Options(target), body, dropped);

    public IStreamReader NewStreamReader() => new StreamReader();

    public void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink) => ResponseReader.Read(body, sink);

    public Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamMessage.Read(status, body, retryAfter);

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, facts);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) => ResponseWriter.Write(fold, facts, output, costTicks: costTicks);

    /// <summary>What the upstream's preset says, and the row of its model: the same models answer in both of OpenAI's dialects.</summary>
    private static ResponsesWriteOptions Options(UpstreamTarget target)
    {
        var rule = ModelRules.Of(target.Model, target.Traits);
        return new ResponsesWriteOptions
        {
            Model = target.Model,
            Strict = target.Strict,
            Efforts = rule.Efforts ?? target.Traits.Efforts,
            NoSampling = rule.IsReasoning,
            LiveSearch = target.Traits.LiveSearch,
        };
    }
}
