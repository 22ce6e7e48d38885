namespace Milliways.Upstreams.Connections;

/// <summary>A connection that is being made, from the look-up of its name to the end of its handshake, within one bound of time.</summary>
internal sealed class PendingConnection : IDisposable
{
    private static readonly HttpRequestOptionsKey<PendingConnection> Key = new("pending-connection");

    private readonly CancellationTokenSource _late;
    private volatile bool _isDone;

    public PendingConnection(HttpRequestMessage request, TimeSpan limit, TimeProvider time)
    {
        _late = new CancellationTokenSource(limit, time);
        request.Options.Set(Key, this);
    }

    public ConnectStage Stage { get; set; } = ConnectStage.Dns;

    /// <summary>Fires when the time is over.</summary>
    public CancellationToken Late => _late.Token;

    public bool IsLate => !_isDone && _late.IsCancellationRequested;

    /// <summary>The one that was begun for this request, if one was.</summary>
    public static PendingConnection? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var pending) ? pending : null;

    /// <summary>The handshake is the handler's: what ends it when the time is over is its connection.</summary>
    public void EndWithTime(Stream connection)
    {
        Stage = ConnectStage.Tls;
        _late.Token.UnsafeRegister(static connection => ((Stream)connection!).Dispose(), connection);
    }

    /// <summary>The connection stands; time runs against it no more.</summary>
    public void Done()
    {
        _isDone = true;
        _late.Dispose();
    }

    public void Dispose() => _late.Dispose();
}
