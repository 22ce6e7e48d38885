using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Chat Completions, both ways.</summary>
public sealed class ChatDialect : IUpstreamDialect, ICallerDialect
{
    public static ChatDialect Instance { get; } = new();

    public Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped)
    {
        var suited = TraitRules.Apply(request, target.Traits, dropped);
        return suited.IsOk ? RequestWriter.Write(suited.Value, Options(target), body, dropped) : suited.Failure;
    }

    public IStreamReader NewStreamReader() => new StreamReader();

    public void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink) => ResponseReader.Read(body, sink);

    public Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter) => Errors.Read(status, body, retryAfter);

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, Options(facts));

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output) => ResponseWriter.Write(fold, Options(facts), output);

    private static ChatWriteOptions Options(UpstreamTarget target) => new()
    {
        Model = target.Model,
        Strict = target.Strict,
        MaxTokensField = target.Traits.MaxCompletionTokens ? MaxTokensField.MaxCompletionTokens : MaxTokensField.MaxTokens,
        SamplingExtensions = target.Traits.SamplingExtensions,
        ReasoningInHistory = target.Traits.ReasoningInHistory,
        ImagesInToolMessages = target.Traits.ImagesInToolMessages,
        Efforts = target.Traits.Efforts,
        MaxStops = target.Traits.MaxStops,
        StreamOptions = target.Traits.StreamOptions,
    };

    private static OpenAiWriteOptions Options(AnswerFacts facts) => new()
    {
        Flavour = facts.Flavour,
        Id = facts.Id,
        Model = facts.Model,
        Created = facts.Created,
        IncludeUsage = facts.Request.IncludeUsage,
        Fingerprint = facts.Fingerprint,
    };
}
