using System.Text.Json;

namespace Milliways.Dialects.Chat;

/// <summary>A chat request of any dialect, whole. Absent members are null: <c>null</c>, absent and default are equal (dialects 4.0 rule 7).</summary>
public sealed record ChatRequest
{
    /// <summary>The model's name as the caller wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>The conversation in order, system and developer turns included, wherever they stand.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>Tools that run at the server; only xAI's own models have them.</summary>
    public IReadOnlyList<HostedTool> HostedTools { get; init; } = [];

    public ChatToolChoice? ToolChoice { get; init; }

    /// <summary>False: at most one tool call in an answer.</summary>
    public bool? ParallelToolCalls { get; init; }

    public ChatResponseFormat? ResponseFormat { get; init; }

    /// <summary>The most tokens the answer may have, reasoning included; null when the caller set no bound.</summary>
    public int? MaxOutputTokens { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    public double? RepetitionPenalty { get; init; }

    /// <summary>Token id to bias, -100 to 100.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    public long? Seed { get; init; }

    /// <summary>Texts at which the answer ends; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>What the caller's dialect calls <see cref="Stop"/>: refusals name the field that the caller wrote.</summary>
    public string StopName { get; init; } = "stop";

    /// <summary>How many answers are wanted.</summary>
    public int N { get; init; } = 1;

    public bool Logprobs { get; init; }

    public int? TopLogprobs { get; init; }

    public ChatThinking? Thinking { get; init; }

    /// <summary>The caller's own id of its end user.</summary>
    public string? User { get; init; }

    /// <summary>The field of the caller's that <see cref="User"/> stood in.</summary>
    public string UserName { get; init; } = "user";

    public string? ServiceTier { get; init; }

    /// <summary>OpenAI's and xAI's key of a shared prompt cache.</summary>
    public string? PromptCacheKey { get; init; }

    /// <summary>low, medium or high: how long the text shall be.</summary>
    public string? Verbosity { get; init; }

    /// <summary>Responses' <c>include</c> has <c>reasoning.encrypted_content</c>: reasoning comes back in a form that only its maker reads.</summary>
    public bool EncryptedReasoning { get; init; }

    /// <summary>What the caller's dialect calls <see cref="EncryptedReasoning"/>.</summary>
    public string EncryptedReasoningName { get; init; } = "include";

    /// <summary>The answer's text begins with the prompt's (legacy completions); the caller's dialect sees to it, upstreams never hear of it.</summary>
    public bool Echo { get; init; }

    public bool Stream { get; init; }

    /// <summary>Chat's <c>stream_options.include_usage</c>; other dialects always report usage.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Top-level members that have no neutral meaning, by name, as they were. They cross to nothing and are named in <c>x-milliways-dropped</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Other { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Names of pieces that nobody but their maker can read, such as another vendor's encrypted reasoning. They cross to nothing and are named in <c>x-milliways-dropped</c>.</summary>
    public IReadOnlyList<string> Sealed { get; init; } = [];

    /// <summary>Members that the caller's dialect repeats in its answer (Responses, dialects 3.5), by name, as they were; no upstream hears of them.</summary>
    public IReadOnlyDictionary<string, JsonElement> Repeated { get; init; } = new Dictionary<string, JsonElement>();
}

public enum ChatRole { System, Developer, User, Assistant, Tool }

/// <summary>One turn: ordered parts. A tool result is a part of a <see cref="ChatRole.Tool"/> turn.</summary>
public sealed record ChatMessage(ChatRole Role, IReadOnlyList<ChatPart> Parts)
{
    public string? Name { get; init; }

    /// <summary>The turn's text parts, concatenated.</summary>
    public string Text => string.Concat(Parts.OfType<ChatPart.Text>().Select(part => part.Value));
}

/// <summary>A piece of a turn.</summary>
public abstract record ChatPart
{
    private ChatPart() { }

    /// <summary>A cache marker on this part as the caller wrote it (Anthropic's <c>cache_control</c>), or null.</summary>
    public JsonElement? CacheControl { get; init; }

    public sealed record Text(string Value) : ChatPart
    {
        /// <summary>Sources of this text, in an answer.</summary>
        public IReadOnlyList<ChatCitation> Citations { get; init; } = [];

        /// <summary>How many of them, at the end of the list, came when something else had already followed the text.</summary>
        public int LateCitations { get; init; }

        /// <summary>Of the text's tokens, in an answer that was asked for them.</summary>
        public IReadOnlyList<TokenLogprob> Logprobs { get; init; } = [];
    }

    /// <summary>An image by address; <see cref="Url"/> may be a data URI when <see cref="Data"/> is null.</summary>
    public sealed record Image(string? Url, string? MediaType, string? Data) : ChatPart
    {
        /// <summary>OpenAI's <c>detail</c>: auto, low, high.</summary>
        public string? Detail { get; init; }

        /// <summary>Where the caller wrote it, such as <c>messages[0].content[1]</c>, for errors; null when it is not known.</summary>
        public string? Place { get; init; }

        /// <summary>What an error about this image says of it, and the field it names.</summary>
        public Failure Wrong(string what) => Failure.Invalid($"{Place ?? "messages"}: {what}", Place ?? "messages");
    }

    /// <summary>A document: base64 data with its type, text, an address, or a file id.</summary>
    public sealed record Document(string? MediaType, string? Data, string? Url, string? FileId, string? Title) : ChatPart;

    /// <summary>A call by the model. Arguments stay JSON text, which a model may have got wrong.</summary>
    public sealed record ToolCall(string Id, string Name, string Arguments) : ChatPart
    {
        /// <summary>A call of a custom tool: <see cref="Arguments"/> is its input, free text.</summary>
        public bool IsCustom { get; init; }
    }

    public sealed record ToolResult(string CallId, IReadOnlyList<ChatPart> Content, bool IsError) : ChatPart;

    /// <summary>Reasoning. The signature is the vendor's proof and is bound to it (dialects 2.4).</summary>
    public sealed record Thinking(string Value, string? Signature) : ChatPart;

    public sealed record RedactedThinking(string Data) : ChatPart;

    public sealed record Refusal(string Value) : ChatPart;
}

/// <summary>A function the model may call. <see cref="Parameters"/> is its JSON schema, or null for no parameters.</summary>
public sealed record ChatTool(string Name, string? Description, JsonElement? Parameters)
{
    public bool? Strict { get; init; }

    public JsonElement? CacheControl { get; init; }

    /// <summary>A custom tool: its input is free text, restricted by <see cref="Format"/> (dialects 1.4).</summary>
    public bool IsCustom { get; init; }

    /// <summary>A custom tool's <c>format</c> in Chat's form, or null for any text.</summary>
    public JsonElement? Format { get; init; }

    /// <summary>Responses' namespace of the tool; <see cref="Name"/> begins with it and <c>__</c> (dialects 4.3).</summary>
    public string? Namespace { get; init; }
}

/// <summary>A tool that runs at the server, such as a web search.</summary>
/// <param name="Type">As the caller calls it: <c>web_search</c>, <c>mcp</c> ...</param>
/// <param name="Definition">Whole, as an item of Responses' <c>tools</c> (xai-api 1.6.1).</param>
/// <param name="Place">Where the caller wrote it, for errors.</param>
public sealed record HostedTool(string Type, JsonElement Definition, string Place);

public enum ToolChoiceMode { Auto, None, Required, Named }

/// <summary><see cref="Name"/> is set with <see cref="ToolChoiceMode.Named"/> only.</summary>
public sealed record ChatToolChoice(ToolChoiceMode Mode, string? Name = null);

public enum ResponseFormatKind { Text, JsonObject, JsonSchema }

public sealed record ChatResponseFormat(ResponseFormatKind Kind)
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public JsonElement? Schema { get; init; }

    public bool? Strict { get; init; }
}

public enum ThinkingMode { Adaptive, Enabled, Disabled }

/// <summary>How much the model shall think: an effort word (none, minimal, low, medium, high, xhigh, max), a budget in tokens, or both.</summary>
public sealed record ChatThinking(ThinkingMode Mode)
{
    /// <summary>Responses' <c>reasoning.summary</c> (auto, concise, detailed): the caller wants to see reasoning.</summary>
    public string? Summary { get; init; }

    public string? Effort { get; init; }

    public int? BudgetTokens { get; init; }
}
