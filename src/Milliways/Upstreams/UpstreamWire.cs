using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;

namespace Milliways.Upstreams;

/// <summary>The implementation of each dialect that upstreams speak.</summary>
internal static class UpstreamWire
{
    public static IUpstreamDialect Of(UpstreamDialect dialect) => dialect switch
    {
        UpstreamDialect.OpenAiChat => ChatDialect.Instance,
        UpstreamDialect.OpenAiResponses => ResponsesDialect.Instance,
        UpstreamDialect.Anthropic => MessagesDialect.Instance,
        _ => throw new NotSupportedException($"Upstreams of the dialect {dialect} are switched off before they are called."),
    };
}
