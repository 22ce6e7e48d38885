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

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) => ResponseWriter.Write(fold, Options(facts), output, costTicks: costTicks);

    /// <summary>What the upstream's preset says, and the row of its model.</summary>
    internal static ChatWriteOptions Options(UpstreamTarget target)
    {
        var (traits, rule) = (target.Traits, ModelRules.Of(target.Model, target.Traits));
        return new ChatWriteOptions
        {
            Model = target.Model,
            Strict = target.Strict,
            MaxTokensField = traits.MaxCompletionTokens || rule.IsReasoning ? MaxTokensField.MaxCompletionTokens : MaxTokensField.MaxTokens,
            DeveloperRole = rule.IsReasoning,
            SamplingExtensions = traits.SamplingExtensions,
            NoSampling = rule.IsReasoning,
            NoPenalties = rule.NoPenalties,
            ReasoningInHistory = traits.ReasoningInHistory,
            ImagesInToolMessages = traits.ImagesInToolMessages,
            Efforts = rule.Efforts ?? traits.Efforts,
            MaxStops = rule.NoStop ? 0 : traits.MaxStops,
            CustomTools = traits.OpenAiExtensions,
            Verbosity = traits.OpenAiExtensions,
            PromptCacheKey = traits.OpenAiExtensions || traits.LiveSearch,
            LiveSearch = traits.LiveSearch,
            StreamOptions = traits.StreamOptions,
        };
    }

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
