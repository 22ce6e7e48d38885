using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Milliways.Upstreams.Connections;

namespace Milliways.Upstreams.Http1;

/// <summary>
/// HTTP/1.1 over this server's own sockets, for what makes up nearly all traffic: a request whose body is in memory, sent to its upstream directly. What else there is (HTTP/2, proxies,
/// upgrades, bodies that are streamed, other systems' sockets) the platform's handler does.
/// </summary>
/// <remarks>
/// The platform waits for each chunk of a stream in two states, a task and a registration of its own, which is a tenth of what relaying it costs. Here the one who reads is told by the
/// socket's loop.
/// </remarks>
internal sealed class Http1Handler : DelegatingHandler
{
    /// <summary>A body as short as this is sent together with its head.</summary>
    private const int ShortBody = 16 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private readonly ConcurrentDictionary<(string Host, int Port, bool IsTls), Http1Pool> _pools = new();
    private readonly Func<(string, int, bool), Http1Pool> _newPool;
    private readonly Timer _sweep;

    /// <param name="platform">Does what this does not. How many connections, how long they may lie and which certificates are good is taken from it; the rest is said in <see cref="Http1Pool"/>,
    /// <see cref="ResponseHead"/> and <see cref="Http1Body"/> once more.</param>
    public Http1Handler(SocketsHttpHandler platform, Connector connector) : base(platform)
    {
        var opener = new Http1Opener(connector, platform.SslOptions);
        (Most, Idle) = (platform.MaxConnectionsPerServer == int.MaxValue ? null : platform.MaxConnectionsPerServer, platform.PooledConnectionIdleTimeout);
        _newPool = _ => new Http1Pool(opener, Most, Idle);
        _sweep = new Timer(static handler => ((Http1Handler)handler!).Sweep(), this, Idle / 2, Idle / 2);
    }

    /// <summary>Requests that may be under way at a time to one origin; null: any number.</summary>
    public int? Most { get; }

    /// <summary>How long a connection may lie idle.</summary>
    public TimeSpan Idle { get; }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Version != HttpVersion.Version11 || request.Content is not (null or BodyContent))
            return base.SendAsync(request, cancellationToken);
        var body = (request.Content as BodyContent)?.Body ?? default;
        var head = _scratch ??= new ArrayBufferWriter<byte>(2 << 10);
        head.ResetWrittenCount();
        if (!RequestHead.TryWrite(request, body.Length, head))
            return base.SendAsync(request, cancellationToken);
        var pool = PoolOf(request.RequestUri!);
        var together = body.Length <= ShortBody ? body.Length : 0;
        var first = ArrayPool<byte>.Shared.Rent(head.WrittenCount + together);
        head.WrittenSpan.CopyTo(first);
        body.Span[..together].CopyTo(first.AsSpan(head.WrittenCount));
        var length = head.WrittenCount + together;
        // Usually there is a connection, and nothing to wait for but the answer.
        return !pool.IsBounded && request is not UpstreamRequest { WantsNewConnection: true } && pool.Take() is { } idle
            ? idle.AskAsync(request, first, length, body[together..], cancellationToken)
            : AskAsync(pool, request, first, length, body[together..], cancellationToken);
    }

    private static async Task<HttpResponseMessage> AskAsync(Http1Pool pool, HttpRequestMessage request, byte[] first, int length, ReadOnlyMemory<byte> rest, CancellationToken cancel)
    {
        Http1Connection connection;
        try
        {
            connection = await pool.EnterAsync(request, cancel);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(first);
            throw;
        }
        return await connection.AskAsync(request, first, length, rest, cancel);
    }

    private Http1Pool PoolOf(Uri address) => _pools.GetOrAdd((address.IdnHost, address.Port, address.Scheme == Uri.UriSchemeHttps), _newPool);

    private void Sweep()
    {
        foreach (var (origin, pool) in _pools)
        {
            pool.Sweep();
            if (pool.IsForgotten && _pools.TryRemove(origin, out _))
                pool.Dispose(); // who has it in hand at this moment is served, and its connection closed behind that
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _sweep.Dispose();
            foreach (var pool in _pools.Values)
                pool.Dispose();
        }
        base.Dispose(disposing);
    }
}
