namespace Milliways.Exchanges;

/// <summary>Sends a sign of life to a caller that waits; it commits the status when nothing has been sent yet.</summary>
internal static class KeepAlive
{
    public static async Task SendAsync(Exchange exchange, CallerStream caller)
    {
        if (!exchange.Http.Response.HasStarted)
            AnswerHead.Apply(exchange, "text/event-stream");
        await caller.KeepAliveAsync(exchange.Front.KeepAlive.ToArray(), exchange.Cancel);
    }
}
