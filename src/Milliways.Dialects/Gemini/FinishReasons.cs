using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>finishReason (dialects 4.10, 7). There is no word for a tool call: that is told by the parts.</summary>
internal static class FinishReasons
{
    /// <summary>Null for a choice that goes on. Words that nobody knows are an ordinary end, as malformed calls are.</summary>
    public static StopReason? Read(string? word) => word switch
    {
        null or "" or "FINISH_REASON_UNSPECIFIED" => null,
        "MAX_TOKENS" => StopReason.MaxTokens,
        "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE" => StopReason.ContentFilter,
        "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" or "IMAGE_OTHER" => StopReason.ContentFilter,
        _ => StopReason.EndTurn,
    };
}
