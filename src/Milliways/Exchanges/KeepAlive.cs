namespace Milliways.Exchanges;

/// <summary>Sends a sign of life to a caller that waits; it commits the status when nothing has been sent yet.</summary>
internal static class KeepAlive
{
    public static Task SendAsync(Exchange exchange, CallerStream caller) =>
        caller.KeepAliveAsync(exchange.Front.KeepAlive.ToArray(), () => AnswerHead.Apply(exchange, "text/event-stream"), exchange.Cancel);
}
