using Microsoft.AspNetCore.Connections;
using Milliways.Exchanges;

namespace Milliways.Hosting;

/// <summary>
/// Lets go of connections that are closed and whose HTTP/2 streams never end. Kestrel tracks one stream more than its queue of frames to be written has places; when
/// a flood of calls and resets fills that queue, the connection is aborted, and the streams that found no place in it are waited for until the process ends: a
/// client could make them by the thousand, and a server that stops would wait its whole grace period.
/// </summary>
internal sealed class ClosedConnections(OpenExchanges open, TimeProvider time, ILogger<ClosedConnections> log)
{
    /// <summary>What runs on a connection that is closed is cancelled at once; as often as it still runs after so long, it is waited for again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>For a port that speaks HTTP/2: stands before everything that the server does with a connection.</summary>
    public ConnectionDelegate LetGo(ConnectionDelegate next) => async connection =>
    {
        var served = next(connection);
        if (!served.IsCompleted && await HasLostAsync(connection, served))
            log.LogDebug("Connection {Connection} is closed and its streams do not end: it is let go", connection.ConnectionId);
        else
            await served;
    };

    private async Task<bool> HasLostAsync(ConnectionContext connection, Task served)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (connection.ConnectionClosed.UnsafeRegister(static closed => ((TaskCompletionSource)closed!).TrySetResult(), closed))
            await Task.WhenAny(served, closed.Task);
        using var over = new CancellationTokenSource();
        do
            await Task.WhenAny(served, Task.Delay(Patience, time, over.Token));
        while (!served.IsCompleted && open.IsOn(connection.ConnectionId));
        await over.CancelAsync();
        return !served.IsCompleted;
    }
}
