using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>finish_reason, both ways (dialects 4.10).</summary>
internal static class FinishReasons
{
    /// <summary>Null for the words by which servers admit that they broke.</summary>
    public static StopReason? Read(string reason) => reason switch
    {
        "length" or "max_tokens" or "model_length" => StopReason.MaxTokens,
        "tool_calls" or "tool_use" or "function_call" => StopReason.ToolUse,
        "content_filter" or "refusal" or "safety" => StopReason.ContentFilter,
        "stop_sequence" => StopReason.StopSequence,
        "insufficient_system_resource" or "error" or "abort" => null,
        _ => StopReason.EndTurn,
    };

    public static ReadOnlySpan<byte> Write(StopReason reason) => reason switch
    {
        StopReason.MaxTokens or StopReason.ContextFull => "length"u8,
        StopReason.ToolUse => "tool_calls"u8,
        StopReason.ContentFilter => "content_filter"u8,
        _ => "stop"u8,
    };
}
