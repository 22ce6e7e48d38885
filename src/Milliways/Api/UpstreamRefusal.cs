using Milliways.Dialects.Chat;
using Milliways.Routing;

namespace Milliways.Api;

/// <summary>An upstream's error answer as a failure of ours. The engine's errors are our own words and pass as they are.</summary>
internal static class UpstreamRefusal
{
    public static Failure Read(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter)
    {
        if (attempt.Upstream.IsEngine && Engines.EngineErrors.Read(status, body, retryAfter) is { } own)
            return own;
        return attempt.Upstream.Wire.ReadError(status, body, retryAfter);
    }
}
