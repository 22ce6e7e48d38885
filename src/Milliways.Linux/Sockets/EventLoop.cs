using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Milliways.Linux.Sockets;

/// <summary>
/// One thread that waits for what happens on its sockets and goes on with it at once: whoever waited for a socket runs here until it waits again, and so must
/// never block. A socket stays with its loop.
/// </summary>
public sealed unsafe class EventLoop
{
    private const int MostEvents = 512;

    /// <summary>So many answers are sent together: enough to wake the other side seldom, and few enough that it is not long without work.</summary>
    private const int MostDeferred = 64;

    [ThreadStatic]
    private static EventLoop? _current;

    private static readonly Lazy<EventLoop[]> Loops = new(() => [.. Enumerable.Range(0, Environment.ProcessorCount).Select(number => new EventLoop(number))]);
    private static uint _next;

    /// <summary>The token of the loop's own bell.</summary>
    private const ulong BellToken = ulong.MaxValue;

    private readonly int _set = Epoll.Create();
    private readonly SafeSocketHandle _bell = Epoll.Bell();
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _posted = new();
    private int _sleeps;
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private EventSocket?[] _sockets = new EventSocket?[64];
    private int _used;
    private uint _round;

    /// <summary>Sockets with bytes to be sent before this sleeps.</summary>
    private readonly List<EventSocket> _deferred = new(MostDeferred);

    /// <summary>How many are to be served before it does.</summary>
    private int _left;

    private EventLoop(int number)
    {
        Epoll.Watch(_set, _bell, BellToken);
        new Thread(Run) { IsBackground = true, Name = $"sockets {number}" }.Start();
    }

    /// <summary>There is epoll; elsewhere the platform's own sockets do.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <summary>The loop of this thread, so that a request and its upstream stay on one processor, or the next in turn.</summary>
    internal static EventLoop Near => _current ?? Next;

    /// <summary>One for each processor, in turn.</summary>
    internal static EventLoop Next => Loops.Value[Interlocked.Increment(ref _next) % (uint)Loops.Value.Length];

    /// <summary>
    /// Has work that goes on with what sockets began done by the loops, in turn, rather than by the pool: a loop that is awake anyway takes it without being woken. It must not
    /// block.
    /// </summary>
    public static void Post(IThreadPoolWorkItem work) => Next.Add(work);

    /// <summary>This is its thread, and other sockets are to be served before it sleeps.</summary>
    internal bool HasMoreToServe => _current == this && _left > 0;

    /// <summary>From its own thread: the socket has bytes that are to be sent before this sleeps.</summary>
    internal void Defer(EventSocket socket)
    {
        _deferred.Add(socket);
        if (_deferred.Count == MostDeferred)
            SendDeferred();
    }

    /// <summary>From any thread: what this loop does once it has served its sockets.</summary>
    internal void Add(IThreadPoolWorkItem work)
    {
        _posted.Enqueue(work);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeps) != 0 && Interlocked.Exchange(ref _sleeps, 0) != 0)
            Epoll.Ring(_bell);
    }

    /// <summary>A number that leads back to the socket, and to no later one in its place.</summary>
    internal ulong Add(EventSocket socket)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var place))
                place = _used++;
            if (place == _sockets.Length)
                Array.Resize(ref _sockets, place * 2);
            var token = ((ulong)++_round << 32) | (uint)place;
            socket.Token = token;
            Volatile.Write(ref _sockets[place], socket);
            return token;
        }
    }

    internal void Watch(EventSocket socket, SafeSocketHandle handle) => Epoll.Watch(_set, handle, socket.Token);

    internal void Remove(EventSocket socket, SafeSocketHandle handle)
    {
        Epoll.Forget(_set, handle);
        lock (_lock)
        {
            var place = (int)(uint)socket.Token;
            _sockets[place] = null;
            _free.Push(place);
        }
    }

    private void Run()
    {
        _current = this;
        var events = stackalloc byte[MostEvents * Epoll.EventBytes];
        while (true)
        {
            var count = WaitForEvents(events);
            for (var i = 0; i < count; i++)
            {
                var (what, token) = Epoll.Read(events, i);
                _left = count - 1 - i;
                if (token == BellToken)
                    continue; // it rings once for each change, and is never silenced
                var sockets = Volatile.Read(ref _sockets);
                // It may have been closed since, and its place taken by another.
                if (Volatile.Read(ref sockets[(int)(uint)token]) is { } socket && socket.Token == token)
                    socket.Happened(what);
            }
            for (_left = _posted.IsEmpty ? 0 : _posted.Count; --_left >= 0 && _posted.TryDequeue(out var work);)
                work.Execute();
            SendDeferred();
        }
    }

    private void SendDeferred()
    {
        foreach (var socket in _deferred)
            socket.SendDeferred();
        _deferred.Clear();
    }

    /// <summary>Sleeps only when nothing was posted, and is seen to sleep before it looks.</summary>
    private int WaitForEvents(byte* events)
    {
        Interlocked.Exchange(ref _sleeps, 1);
        var count = Epoll.Wait(_set, events, MostEvents, mayWait: _posted.IsEmpty);
        Volatile.Write(ref _sleeps, 0);
        return count;
    }
}
