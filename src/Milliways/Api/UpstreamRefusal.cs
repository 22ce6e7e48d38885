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

    /// <summary>The same where whoever asks has sent or stored the key: what the provider says of it is told.</summary>
    public static Failure ReadForOwner(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter)
    {
        var failure = Read(attempt, status, body, retryAfter);
        return failure is { Party: FailureParty.Gateway, UpstreamStatus: not null } ? UpstreamMessage.OfKey(status, body) : failure;
    }
}
