using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Gemini;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Upstreams;

/// <summary>The implementation of each dialect that upstreams speak.</summary>
internal static class UpstreamWire
{
    /// <summary>True for one that takes an image itself, never its address.</summary>
    public static bool NeedsInlineImages(UpstreamDialect dialect, Preset? preset) => dialect == UpstreamDialect.Google || preset?.Traits.InlineImages == true;

    public static IUpstreamDialect Of(UpstreamDialect dialect) => dialect switch
    {
        UpstreamDialect.OpenAiChat => ChatDialect.Instance,
        UpstreamDialect.OpenAiResponses => ResponsesDialect.Instance,
        UpstreamDialect.Anthropic => MessagesDialect.Instance,
        UpstreamDialect.Google => GeminiDialect.Instance,
        UpstreamDialect.XaiGrpc => GrpcUpstream.Instance,
        _ => throw new NotSupportedException($"Upstreams of the dialect {dialect} are switched off before they are called."),
    };
}
