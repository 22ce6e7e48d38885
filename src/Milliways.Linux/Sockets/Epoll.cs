using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Milliways.Linux.Sockets;

/// <summary>The calls of the C library, and the numbers of Linux that go with them (epoll(7), recv(2), send(2)).</summary>
internal static unsafe partial class Epoll
{
    public const uint In = 0x001, Urgent = 0x002, Out = 0x004, Error = 0x008, HangUp = 0x010, PeerHangUp = 0x2000;

    private const uint EdgeTriggered = 1u << 31;
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, Add = 1, Delete = 2;
    private const int DontWait = 0x40, NoSignal = 0x4000, Peek = 0x2;
    private const int Interrupted = 4, TryAgain = 11, BrokenPipe = 32, Reset = 104, TimedOut = 110;

    private const string C = "libc";

    /// <summary>struct epoll_event is packed on x86-64 and nowhere else.</summary>
    public static int EventBytes { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static int TokenAt { get; } = EventBytes - sizeof(ulong);

    public static int Create() => epoll_create1(CloseOnExec) is >= 0 and var set ? set : throw Failed("epoll_create1");

    /// <summary>Tells of everything that becomes possible on a socket from now on, and of what already is, once.</summary>
    public static void Watch(int set, SafeSocketHandle socket, ulong token)
    {
        var about = stackalloc byte[EventBytes];
        Write(about, In | Urgent | Out | PeerHangUp | EdgeTriggered, token);
        if (epoll_ctl(set, Add, socket, about) < 0)
            throw Failed("epoll_ctl");
    }

    public static void Forget(int set, SafeSocketHandle socket)
    {
        var about = stackalloc byte[EventBytes];
        _ = epoll_ctl(set, Delete, socket, about);
    }

    /// <summary>Something that wakes whoever watches it (eventfd(2)).</summary>
    public static SafeSocketHandle Bell() => eventfd(0, CloseOnExec | NonBlocking) is >= 0 and var bell ? new SafeSocketHandle(bell, ownsHandle: true) : throw Failed("eventfd");

    public static void Ring(SafeSocketHandle bell)
    {
        var one = 1UL;
        _ = write(bell, &one, sizeof(ulong));
    }

    /// <summary>Waits until there are events, or only looks; how many of <paramref name="most"/> were written.</summary>
    public static int Wait(int set, byte* events, int most, bool mayWait)
    {
        while (true)
        {
            var count = epoll_wait(set, events, most, mayWait ? -1 : 0);
            if (count >= 0)
                return count;
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw Failed("epoll_wait");
        }
    }

    public static (uint What, ulong Token) Read(byte* events, int index)
    {
        var one = events + (index * EventBytes);
        return (*(uint*)one, BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(one + TokenAt, sizeof(ulong))));
    }

    /// <summary>Bytes received, 0 at the end, or -1: there are none yet.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public static int Receive(SafeSocketHandle socket, Span<byte> buffer, bool leaves = false)
    {
        fixed (byte* bytes = buffer)
            while (true)
            {
                var count = recv(socket, bytes, (nuint)buffer.Length, DontWait | (leaves ? Peek : 0));
                if (count >= 0)
                    return (int)count;
                if (IsAgain())
                    return -1;
            }
    }

    /// <summary>Bytes taken, or -1: none can be yet.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* bytes = buffer)
            while (true)
            {
                var count = send(socket, bytes, (nuint)buffer.Length, DontWait | NoSignal);
                if (count >= 0)
                    return (int)count;
                if (IsAgain())
                    return -1;
            }
    }

    /// <summary>True: later; false: a signal came between, at once.</summary>
    private static bool IsAgain() => Marshal.GetLastPInvokeError() switch
    {
        TryAgain => true,
        Interrupted => false,
        BrokenPipe => throw new SocketException((int)SocketError.Shutdown),
        Reset => throw new SocketException((int)SocketError.ConnectionReset),
        TimedOut => throw new SocketException((int)SocketError.TimedOut),
        _ => throw new SocketException((int)SocketError.ConnectionAborted),
    };

    private static void Write(byte* about, uint what, ulong token)
    {
        *(uint*)about = what;
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(about + TokenAt, sizeof(ulong)), token);
    }

    private static InvalidOperationException Failed(string call) => new($"{call} failed with errno {Marshal.GetLastPInvokeError()}.");

#pragma warning disable IDE1006 // The C library's names.
    [LibraryImport(C, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(C, SetLastError = true)]
    private static partial int epoll_ctl(int set, int what, SafeSocketHandle socket, byte* about);

    [LibraryImport(C, SetLastError = true)]
    private static partial int epoll_wait(int set, byte* events, int most, int milliseconds);

    [LibraryImport(C, SetLastError = true)]
    private static partial int eventfd(uint start, int flags);

    [LibraryImport(C)]
    private static partial nint write(SafeSocketHandle bell, ulong* one, nuint length);

    [LibraryImport(C, SetLastError = true)]
    private static partial nint recv(SafeSocketHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    private static partial nint send(SafeSocketHandle socket, byte* buffer, nuint length, int flags);
#pragma warning restore IDE1006
}
