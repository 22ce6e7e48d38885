using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A GetCompletionsRequest (xai-api 3.4.1).</summary>
public static class RequestReader
{
    private static readonly string?[] Efforts = [null, "low", "medium", "high", "none", "xhigh"];

    private static readonly string?[] Tiers = [null, "default", "priority"];

    private static readonly JsonElement True = JsonDocument.Parse("true").RootElement.Clone();

    /// <param name="message">Without its frame's head.</param>
    /// <param name="options">What the server knows; null: GetCompletion, and nothing is kept.</param>
    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> message, GrpcReadOptions? options = null)
    {
        var parsed = WireMessage.Read<GetCompletionsRequest>(message.Span);
        return parsed.IsOk ? Read(parsed.Value, options) : parsed.Failure;
    }

    public static Reading<ChatRequest> Read(GetCompletionsRequest message, GrpcReadOptions? options = null)
    {
        options ??= GrpcReadOptions.Whole;
        if (message.HasPreviousResponseId && options.Earlier is null) return NoEarlier(message.PreviousResponseId);
        var reading = new JsonReading();
        var request = Read(message, options, reading);
        return reading.Failure is { } wrong ? wrong : request;
    }

    private static ChatRequest Read(GetCompletionsRequest message, GrpcReadOptions options, JsonReading reading)
    {
        if (message.Model.Length == 0) reading.Missing(JsonPath.Root.Member("model"));
        if (message.Messages.Count == 0 && options.Earlier is not { Count: > 0 }) reading.OutOfRange(JsonPath.Root.Member("messages"), "at least one message");
        var lost = new HashSet<string>(StringComparer.Ordinal);
        var turns = MessageReader.Read(message.Messages, reading, lost);
        var (tools, hosted) = ToolReader.Read(message.Tools, reading);
        return new ChatRequest
        {
            Model = message.Model,
            Messages = options.Earlier is { Count: > 0 } earlier ? MessageReader.Join(earlier, turns) : turns,
            Tools = tools,
            HostedTools = hosted,
            ToolChoice = ToolReader.ReadChoice(message.ToolChoice, reading),
            ParallelToolCalls = message.HasParallelToolCalls ? message.ParallelToolCalls : null,
            ResponseFormat = ReadFormat(message.ResponseFormat, reading),
            MaxOutputTokens = Fields.Int(message.HasMaxTokens, message.MaxTokens, reading, "max_tokens", 1),
            Temperature = Fields.Number(message.HasTemperature, message.Temperature, reading, "temperature", 0, 2),
            TopP = Fields.Number(message.HasTopP, message.TopP, reading, "top_p", 0, 1),
            FrequencyPenalty = Fields.Number(message.HasFrequencyPenalty, message.FrequencyPenalty, reading, "frequency_penalty", -2, 2),
            PresencePenalty = Fields.Number(message.HasPresencePenalty, message.PresencePenalty, reading, "presence_penalty", -2, 2),
            Seed = message.HasSeed ? message.Seed : null,
            Stop = [.. message.Stop],
            N = Fields.Int(message.HasN, message.N, reading, "n", 1, 128) ?? 1,
            Logprobs = message.Logprobs,
            TopLogprobs = Fields.Int(message.HasTopLogprobs, message.TopLogprobs, reading, "top_logprobs", 0, 20),
            Thinking = message.HasReasoningEffort ? ReadEffort(message.ReasoningEffort, reading) : null,
            EncryptedReasoning = message.UseEncryptedContent,
            EncryptedReasoningName = "use_encrypted_content",
            User = Fields.Text(message.User),
            ServiceTier = Fields.Word(message.ServiceTier, Tiers, reading, JsonPath.Root.Member("service_tier")),
            Stream = options.Stream,
            IncludeUsage = true,
            Other = Others(message, reading),
            Sealed = [.. lost],
            Repeated = Repeated(message),
        };
    }

    private static Failure NoEarlier(string id) =>
        new(FailureKind.NotFound, FailureParty.Client, "body", $"The previous_response_id '{id}' names no response that is kept here: send the whole conversation as messages.")
        {
            Param = "previous_response_id", Code = "previous_response_not_found",
        };

    private static ChatResponseFormat? ReadFormat(ResponseFormat? format, JsonReading reading)
    {
        var path = JsonPath.Root.Member("response_format");
        switch (format?.FormatType)
        {
            case null or FormatType.Invalid:
                return null;
            case FormatType.Text:
                return new ChatResponseFormat(ResponseFormatKind.Text);
            case FormatType.JsonObject:
                return new ChatResponseFormat(ResponseFormatKind.JsonObject);
            case FormatType.JsonSchema:
                return new ChatResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Fields.Object(format.Schema, reading, path.Member("schema")) };
            default:
                reading.OutOfRange(path.Member("format_type"), "one of FORMAT_TYPE_TEXT, FORMAT_TYPE_JSON_OBJECT, FORMAT_TYPE_JSON_SCHEMA");
                return null;
        }
    }

    private static ChatThinking? ReadEffort(Protos.ReasoningEffort effort, JsonReading reading) =>
        Fields.Word(effort, Efforts, reading, JsonPath.Root.Member("reasoning_effort")) is { } word
            ? new ChatThinking(word == "none" ? ThinkingMode.Disabled : ThinkingMode.Adaptive) { Effort = word } : null;

    /// <summary>What has no neutral meaning: it crosses to nothing, or to xAI alone.</summary>
    private static Dictionary<string, JsonElement> Others(GetCompletionsRequest message, JsonReading reading)
    {
        var others = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (message.SearchParameters is { } search) others["search_parameters"] = SearchReader.Read(search, reading);
        if (message.HasMaxTurns) others["max_turns"] = JsonMade.Number(message.MaxTurns);
        if (message.HasAgentCount) others["agent_count"] = JsonMade.Number((int)message.AgentCount);
        if (message.Include.Any(option => option is not (IncludeOption.Invalid or IncludeOption.InlineCitations)))
            others["include"] = JsonMade.Numbers(message.Include.Select(option => (int)option));
        return others;
    }

    /// <summary>What the answer's settings tell again, and what the server must know of what it shall keep.</summary>
    private static Dictionary<string, JsonElement> Repeated(GetCompletionsRequest message)
    {
        var repeated = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (message.HasPreviousResponseId) repeated[Asked.PreviousResponseId] = JsonMade.Text(message.PreviousResponseId);
        if (message.StoreMessages) repeated[Asked.StoreMessages] = True;
        if (message.Include.Count > 0) repeated[Asked.Include] = JsonMade.Numbers(message.Include.Select(option => (int)option));
        return repeated;
    }
}
