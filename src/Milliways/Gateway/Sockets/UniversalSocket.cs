using System.Buffers;
using System.Net.WebSockets;
using Milliways.Exchanges;

namespace Milliways.Gateway.Sockets;

/// <summary>
/// One socket for requests (cloudflare 1.9): each message is a request of its own that runs beside the others. While as many run as may, nothing is read; while
/// the client does not read, no provider is. When the client leaves all of them are cancelled.
/// </summary>
internal sealed class UniversalSocket(WebSocket socket, HttpContext upgrade, string target, string? token, RequestDelegate serve, UniversalSockets sockets) : IDisposable
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly SemaphoreSlim _slots = new(SocketBounds.MostRunning, SocketBounds.MostRunning);
    private readonly Lock _one = new();
    private readonly HashSet<Task> _tasks = [];
    private int _running;
    private bool _isLeaving;
    private ITimer? _idle;
    private CancellationToken _gone;

    /// <summary>Returns when the socket is closed and nothing of it runs any more.</summary>
    /// <param name="cancel">Cuts it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _gone = gone.Token;
        await using (_idle = sockets.Time.CreateTimer(_ => LeaveWhenIdle(WebSocketCloseStatus.NormalClosure, "Nothing has happened for a long time."), null, SocketBounds.Idle, SocketBounds.Idle))
        await using (sockets.Stopping.Register(() => LeaveWhenIdle(WebSocketCloseStatus.EndpointUnavailable, "The server is shutting down.")))
        {
            (WebSocketCloseStatus Status, string Why)? last = null;
            try
            {
                last = await ReadAsync();
            }
            catch (Exception broken) when (broken is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                // The client is gone, or the server lets it go.
            }
            // What is just being sent is sent whole: to cut it short would tear the socket before its goodbye.
            var isQuiet = last is not null && await _sending.WaitAsync(SocketBounds.Goodbye, CancellationToken.None);
            await gone.CancelAsync(); // nobody is left to answer
            if (isQuiet)
                _sending.Release();
            await Task.WhenAll(Tasks());
            if (last is { } goodbye)
                await CloseAsync(goodbye.Status, goodbye.Why);
        }
    }

    public void Dispose()
    {
        _sending.Dispose();
        _slots.Dispose();
    }

    /// <summary>Reads messages until the client closes, or sends what cannot be taken.</summary>
    private async Task<(WebSocketCloseStatus, string)> ReadAsync()
    {
        while (true)
        {
            await _slots.WaitAsync(_gone);
            var message = new ArrayBufferWriter<byte>();
            ValueWebSocketReceiveResult read;
            do
            {
                read = await socket.ReceiveAsync(message.GetMemory(4096), _gone);
                if (read.MessageType == WebSocketMessageType.Close)
                    return (WebSocketCloseStatus.NormalClosure, "");
                if (read.MessageType != WebSocketMessageType.Text)
                    return (WebSocketCloseStatus.InvalidMessageType, "Messages are JSON texts.");
                message.Advance(read.Count);
                if (message.WrittenCount > SocketBounds.MostMessageBytes)
                    return (WebSocketCloseStatus.MessageTooBig, $"A message may have {SocketBounds.MostMessageBytes >> 20} MiB.");
            }
            while (!read.EndOfMessage);
            Begin(message.WrittenMemory);
        }
    }

    /// <summary>What comes while goodbye is being said is not begun: nobody would hear the answer, and somebody would pay for it.</summary>
    private void Begin(ReadOnlyMemory<byte> message)
    {
        Task task;
        lock (_one)
        {
            if (_isLeaving)
            {
                _slots.Release();
                return;
            }
            _running++;
            task = Task.Run(() => AnswerAsync(message));
            _tasks.Add(task);
        }
        _ = task.ContinueWith(done =>
        {
            lock (_one)
                _tasks.Remove(done);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private Task[] Tasks()
    {
        lock (_one)
            return [.. _tasks];
    }

    private async Task AnswerAsync(ReadOnlyMemory<byte> text)
    {
        try
        {
            var (message, eventId, wrong) = SocketMessage.Read(text);
            if (message is null)
                await SendAsync(SocketMessages.Error(new SocketFacts(eventId ?? "", LogId: null, "0", "application/json", StatusCodes.Status400BadRequest), GatewayErrors.Body(wrong!)));
            else
                await AnswerAsync(message);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // There is nobody to tell.
        }
        catch (Exception unexpected)
        {
            sockets.Log.LogError(unexpected, "A request on a socket failed unexpectedly");
            socket.Abort();
        }
        finally
        {
            lock (_one)
                _running--;
            _idle!.Change(SocketBounds.Idle, SocketBounds.Idle);
            _slots.Release();
            if (sockets.Stopping.IsCancellationRequested)
                LeaveWhenIdle(WebSocketCloseStatus.EndpointUnavailable, "The server is shutting down.");
        }
    }

    private async Task AnswerAsync(SocketMessage message)
    {
        using var context = new SocketContext(upgrade, target, token, message.Request, message.EventId, socket.Abort, sockets.Time, _gone);
        var sending = new SocketAnswer(context, SendAsync).RunAsync();
        try
        {
            await serve(context.Http);
        }
        catch (Exception torn) when (torn is not OperationCanceledException)
        {
            context.IsTorn = true;
            if (torn is not TornAnswerException)
                sockets.Log.LogError(torn, "{Request} on a socket failed unexpectedly", RequestIds.Of(context.Http));
        }
        finally
        {
            await context.EndAsync();
        }
        await sending;
    }

    private async Task SendAsync(ArrayBufferWriter<byte> message)
    {
        await _sending.WaitAsync(_gone);
        try
        {
            await socket.SendAsync(message.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, _gone);
            _idle!.Change(SocketBounds.Idle, SocketBounds.Idle);
        }
        finally
        {
            _sending.Release();
        }
    }

    private void LeaveWhenIdle(WebSocketCloseStatus status, string why)
    {
        lock (_one)
        {
            if (_running > 0 || _isLeaving)
                return;
            _isLeaving = true;
        }
        _ = LeaveAsync(status, why);
    }

    /// <summary>Says goodbye; the client's answer ends the reading, and if none comes the connection is let go.</summary>
    private async Task LeaveAsync(WebSocketCloseStatus status, string why)
    {
        await CloseAsync(status, why);
        // Real time, whatever clock the server has: bytes travel in it.
        await Task.Delay(SocketBounds.Goodbye, _gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_gone.IsCancellationRequested)
            socket.Abort();
    }

    private async Task CloseAsync(WebSocketCloseStatus status, string why)
    {
        try
        {
            await _sending.WaitAsync();
            try
            {
                using var late = new CancellationTokenSource(SocketBounds.Goodbye);
                if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                    await socket.CloseOutputAsync(status, why, late.Token);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
        }
    }
}
