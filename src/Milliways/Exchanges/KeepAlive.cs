namespace Milliways.Exchanges;

/// <summary>Sends a sign of life to a caller that waits; it commits the status when nothing has been sent yet.</summary>
internal static class KeepAlive
{
    public static async Task SendAsync(Exchange exchange, CallerStream caller)
    {
        await caller.KeepAliveAsync(() => AnswerHead.Apply(exchange, "text/event-stream"), exchange.Front.KeepAlive.ToArray(), exchange.Cancel);
    }
}
