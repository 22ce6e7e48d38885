using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>Anthropic Messages, both ways.</summary>
public sealed class MessagesDialect : IUpstreamDialect, ICallerDialect
{
    public static MessagesDialect Instance { get; } = new();

    public Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped) =>
        RequestWriter.Write(request, Options(target), body, dropped);

    public IStreamReader NewStreamReader() => new StreamReader();

    public void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink) => ResponseReader.Read(body, sink);

    public Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter) => Errors.Read(status, body, retryAfter);

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, Options(facts));

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) => ResponseWriter.Write(fold, Options(facts), output, costTicks: costTicks);

    /// <summary>What the catalogue says, and the row of the model.</summary>
    internal static MessagesWriteOptions Options(UpstreamTarget target)
    {
        var rule = ModelRules.Of(target.Model);
        return new MessagesWriteOptions
        {
            Model = target.Model,
            Strict = target.Strict,
            DefaultMaxTokens = target.MaxOutput ?? 4096,
            MaxOutputTokens = target.MaxOutput,
            Thinking = rule.Thinking,
            MayDisableThinking = rule.MayDisable,
            HasXhigh = rule.HasXhigh,
            NoSampling = rule.NoSampling,
            OneSampler = rule.OneSampler,
            StructuredOutput = rule.StructuredOutput,
            SystemTurns = rule.SystemTurns,
        };
    }

    private static AnthropicWriteOptions Options(AnswerFacts facts) => new()
    {
        Id = facts.Id,
        Model = facts.Model,
        InputEstimate = facts.InputEstimate,
    };
}
