using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>FinishReason (xai-api 3.4.7, 3.6). There is none for a filter: such an answer just stops.</summary>
internal static class FinishReasons
{
    public static FinishReason Write(StopReason reason) => reason switch
    {
        StopReason.MaxTokens => FinishReason.ReasonMaxLen,
        StopReason.ContextFull => FinishReason.ReasonMaxContext,
        StopReason.ToolUse => FinishReason.ReasonToolCalls,
        _ => FinishReason.ReasonStop,
    };
}
