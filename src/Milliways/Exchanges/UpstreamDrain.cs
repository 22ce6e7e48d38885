using Milliways.Exchanges.Attempts;

namespace Milliways.Exchanges;

/// <summary>
/// Reads an answer to its end after its caller has left, for upstreams that bill it anyway (<c>onClientGone: drain</c>): what it used is then counted from
/// the upstream's own last word. The sweep's idle and total time-outs bound it, and so does the end of the server's grace at shutdown.
/// </summary>
internal static class UpstreamDrain
{
    public static async Task RunAsync(Exchange exchange, CommittedAnswer answer)
    {
        if (answer.Call is not { } call)
            return;
        using var nobody = new PooledWriter();
        try
        {
            while (answer.Relay.State == RelayState.Open)
            {
                exchange.Await(Waiting.NextEvent);
                var more = await call.ReadAsync(exchange.Cancel);
                nobody.Clear();
                call.Advance(answer.Relay.Feed(call.Unread, endOfBody: !more, nobody, exchange.Meter));
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            // The caller is gone: what was counted until here is what is known, and nobody is left to be told of the break.
        }
    }
}
