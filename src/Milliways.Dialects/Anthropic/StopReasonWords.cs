using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>stop_reason, both ways (dialects 4.10).</summary>
internal static class StopReasonWords
{
    public static StopReason Read(string? word) => word switch
    {
        "max_tokens" => StopReason.MaxTokens,
        "stop_sequence" => StopReason.StopSequence,
        "tool_use" => StopReason.ToolUse,
        "pause_turn" => StopReason.Paused,
        "refusal" => StopReason.ContentFilter,
        "model_context_window_exceeded" => StopReason.ContextFull,
        _ => StopReason.EndTurn,
    };

    /// <param name="reason">The settled reason.</param>
    /// <param name="knowsContextFull">The client asked for the newer word (dialects 4.10).</param>
    public static ReadOnlySpan<byte> Write(StopReason reason, bool knowsContextFull) => reason switch
    {
        StopReason.MaxTokens => "max_tokens"u8,
        StopReason.ContextFull => knowsContextFull ? "model_context_window_exceeded"u8 : "max_tokens"u8,
        StopReason.StopSequence => "stop_sequence"u8,
        StopReason.ToolUse => "tool_use"u8,
        StopReason.Paused => "pause_turn"u8,
        StopReason.ContentFilter => "refusal"u8,
        _ => "end_turn"u8,
    };
}
