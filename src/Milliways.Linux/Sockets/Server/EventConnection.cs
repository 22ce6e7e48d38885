using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Milliways.Linux.Sockets.Server;

/// <summary>
/// A client's connection. The server reads from the socket when it wants to read and writes to it when it flushes: there is no pipe with a loop of its own on either
/// side, and an idle connection holds no memory for bytes.
/// </summary>
internal sealed class EventConnection : ConnectionContext, ISocketWaiter, IDuplexPipe,
    IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature, IMemoryPoolFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IConnectionSocketFeature
{
    private static long _count;

    private readonly EventSocket _socket;
    private readonly EventPipeReader _input;
    private readonly EventPipeWriter _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isClosing;
    private volatile bool _isAborted;
    private string? _id;
    private IDictionary<object, object?>? _items;

    private EventConnection(Socket socket, MemoryPool<byte> pool)
    {
        MemoryPool = pool;
        (LocalEndPoint, RemoteEndPoint) = (socket.LocalEndPoint, socket.RemoteEndPoint);
        _socket = new EventSocket(socket, EventLoop.Next, this);
        (_input, _output) = (new EventPipeReader(_socket, pool, Close), new EventPipeWriter(_socket, pool, Close));
        Transport = this;
        ConnectionClosed = _closed.Token;
        var features = new FeatureCollection();
        features.Set<IConnectionIdFeature>(this);
        features.Set<IConnectionTransportFeature>(this);
        features.Set<IConnectionItemsFeature>(this);
        features.Set<IMemoryPoolFeature>(this);
        features.Set<IConnectionLifetimeFeature>(this);
        features.Set<IConnectionEndPointFeature>(this);
        features.Set<IConnectionSocketFeature>(this);
        Features = features;
    }

    public static EventConnection Start(Socket socket, MemoryPool<byte> pool)
    {
        var connection = new EventConnection(socket, pool);
        try
        {
            connection._socket.Watch();
        }
        catch
        {
            connection._socket.Dispose();
            throw;
        }
        return connection;
    }

    public override string ConnectionId
    {
        get => _id ??= "C" + Interlocked.Increment(ref _count).ToString("X8", CultureInfo.InvariantCulture);
        set => _id = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public MemoryPool<byte> MemoryPool { get; }

    public Socket Socket => _socket.Socket;

    PipeReader IDuplexPipe.Input => _input;

    PipeWriter IDuplexPipe.Output => _output;

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _isAborted = true;
        _socket.ShutdownSend();
        _input.Abort();
        Close();
    }

    public override async ValueTask DisposeAsync()
    {
        _input.Complete();
        await _output.EndAsync();
        if (!_isAborted) // an aborted one is reset by what is unread, as it shall be
        {
            _socket.ShutdownSend();
            _input.Drain();
        }
        _socket.Dispose();
        Close();
        await _told.Task;
        _closed.Dispose();
        await base.DisposeAsync();
    }

    void ISocketWaiter.Readable() => _input.GoOn();

    void ISocketWaiter.Writable() => _output.GoOn();

    void ISocketWaiter.PeerGone() => Close();

    /// <summary>Tells, once and on a thread of the pool, that nobody is there any more.</summary>
    private void Close()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static connection =>
            {
                try
                {
                    connection._closed.Cancel();
                }
                catch (AggregateException)
                {
                    // Whoever listened has failed on its own; the others were told.
                }
                connection._told.SetResult();
            }, this, preferLocal: false);
    }
}
