using System.Net.Sockets;

namespace Milliways.Linux.Sockets;

/// <summary>
/// One thread that waits for what happens on its sockets and goes on with it at once: whoever waited for a socket runs here until it waits again, and so must
/// never block. A socket stays with its loop.
/// </summary>
public sealed unsafe class EventLoop
{
    private const int MostEvents = 512;

    [ThreadStatic]
    private static EventLoop? _current;

    private static readonly Lazy<EventLoop[]> Loops = new(() => [.. Enumerable.Range(0, Environment.ProcessorCount).Select(number => new EventLoop(number))]);
    private static uint _next;

    private readonly int _set = Epoll.Create();
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private EventSocket?[] _sockets = new EventSocket?[64];
    private int _used;
    private uint _round;

    private EventLoop(int number) => new Thread(Run) { IsBackground = true, Name = $"sockets {number}" }.Start();

    /// <summary>There is epoll; elsewhere the platform's own sockets do.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <summary>The loop of this thread, so that a request and its upstream stay on one processor, or the next in turn.</summary>
    internal static EventLoop Near => _current ?? Next;

    /// <summary>One for each processor, in turn.</summary>
    internal static EventLoop Next => Loops.Value[Interlocked.Increment(ref _next) % (uint)Loops.Value.Length];

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
            for (int i = 0, count = Epoll.Wait(_set, events, MostEvents); i < count; i++)
            {
                var (what, token) = Epoll.Read(events, i);
                var sockets = Volatile.Read(ref _sockets);
                // It may have been closed since, and its place taken by another.
                if (Volatile.Read(ref sockets[(int)(uint)token]) is { } socket && socket.Token == token)
                    socket.Happened(what);
            }
    }
}
