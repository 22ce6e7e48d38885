namespace Milliways.Exchanges;

/// <summary>
/// Sends a sign of life to a caller that waits; it commits the status when nothing has been sent yet. Where the outcome comes behind the answer the head alone is
/// one, early because nothing is lost by it; behind it the protocol's own pings are.
/// </summary>
internal static class KeepAlive
{
    /// <summary>A head goes out within this much silence.</summary>
    private static readonly TimeSpan HeadAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>True when the caller has heard nothing for too long.</summary>
    public static bool IsDue(Exchange exchange, CallerStream caller) => exchange.Trailing is null
        ? caller.Silence > OpenExchanges.KeepAliveAfter && !exchange.Front.KeepAlive.IsEmpty
        : caller.Silence > HeadAfter && !caller.HasBegun;

    public static async Task SendAsync(Exchange exchange, CallerStream caller)
    {
        await caller.KeepAliveAsync(() => AnswerHead.Apply(exchange, "text/event-stream"), exchange.Front.KeepAlive.ToArray(), exchange.Cancel);
    }
}
