using System.Diagnostics;
using Milliways.Upstreams.Connections;

namespace Milliways.Upstreams.Http1;

/// <summary>
/// The connections to one origin that nobody uses: the one that was given back last is asked next, so that those that are not needed grow old. What was closed by its server, lay too long
/// or is too old is not asked again.
/// </summary>
/// <param name="opener">Makes a connection where none lies.</param>
/// <param name="most">Requests that may be under way at a time, in the order in which they came; null: any number.</param>
/// <param name="idle">How long a connection may lie.</param>
internal sealed class Http1Pool(Http1Opener opener, int? most, TimeSpan idle) : IDisposable
{
    /// <summary>Servers move behind their names: nothing is asked for ever where a name once led.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim? _places = most is { } count ? new SemaphoreSlim(count, count) : null;
    private readonly Lock _lock = new();
    private readonly List<Http1Connection> _idle = [];
    private bool _isClosed;
    private long _lastUse = Stopwatch.GetTimestamp();

    /// <summary>Nothing lies here, nobody has a place, and nobody has come for so long that nobody may come again.</summary>
    public bool IsForgotten
    {
        get
        {
            lock (_lock)
                return _idle.Count == 0 && _places?.CurrentCount == most && Stopwatch.GetElapsedTime(_lastUse) > Lifetime;
        }
    }

    /// <summary>A request may have to wait for its turn.</summary>
    public bool IsBounded => _places is not null;

    /// <summary>Completes when a request may be sent, with the connection for it; <see cref="Leave"/> ends that.</summary>
    public async ValueTask<Http1Connection> EnterAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        if (_places is not null)
            await _places.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref _lastUse, Stopwatch.GetTimestamp());
            return (request is UpstreamRequest { WantsNewConnection: true } ? null : Take()) ?? await opener.OpenAsync(this, request, cancel);
        }
        catch
        {
            Leave();
            throw;
        }
    }

    public void Leave() => _places?.Release();

    public Http1Connection? Take()
    {
        while (true)
        {
            Http1Connection? last;
            lock (_lock)
            {
                if (_idle.Count == 0)
                    return null;
                last = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }
            if (IsGood(last))
                return last;
            last.Close();
        }
    }

    public void Park(Http1Connection connection)
    {
        lock (_lock)
            if (!_isClosed)
            {
                _lastUse = connection.IdleSince;
                _idle.Add(connection);
                return;
            }
        connection.Close();
    }

    /// <summary>Closes those that would not be asked again.</summary>
    public void Sweep() => Close(connection => !IsGood(connection));

    /// <summary>What is in use is closed when it is given back.</summary>
    public void Dispose()
    {
        lock (_lock)
            _isClosed = true;
        Close(_ => true);
    }

    private void Close(Predicate<Http1Connection> which)
    {
        List<Http1Connection> closing;
        lock (_lock)
        {
            closing = _idle.FindAll(which);
            if (closing.Count > 0)
                _idle.RemoveAll(closing.Contains);
        }
        closing.ForEach(connection => connection.Close());
    }

    private bool IsGood(Http1Connection connection) =>
        connection.IsAlive && Stopwatch.GetElapsedTime(connection.IdleSince) < idle && Stopwatch.GetElapsedTime(connection.Made) < Lifetime;
}
