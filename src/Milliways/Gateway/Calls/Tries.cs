using Milliways.Gateway.Settings;
using Milliways.Routing.Retries;

namespace Milliways.Gateway.Calls;

/// <summary>How hard a call is tried: what its step says, then what its request says, then how its gateway is set (cloudflare 2.3, 3.3).</summary>
internal static class Tries
{
    /// <summary>Before the second try, where nobody says how long.</summary>
    private const int UsualDelay = 500;

    /// <summary>Null when nobody says anything about it.</summary>
    public static TryRules? Of(GatewayCall call)
    {
        var (headers, settings) = (call.Headers, call.Settings);
        var attempts = headers.MaxAttempts ?? settings?.MaxAttempts;
        var timeout = headers.RequestTimeout ?? settings?.RequestTimeout;
        if (attempts is null && timeout is null)
            return null;
        return new TryRules(attempts, TimeSpan.FromMilliseconds(headers.RetryDelay ?? settings?.RetryDelay ?? UsualDelay),
            (headers.Backoff ?? settings?.Backoff) switch { Backoff.Linear => DelayGrowth.Linear, Backoff.Exponential => DelayGrowth.Exponential, _ => DelayGrowth.Constant },
            timeout is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null);
    }
}
