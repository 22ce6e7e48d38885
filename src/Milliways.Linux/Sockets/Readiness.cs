namespace Milliways.Linux.Sockets;

/// <summary>
/// One direction of a socket, between the one that uses it and the loop that is told when it changes. Events come once for each change, so none may be lost:
/// whoever finds nothing more waits only if nothing has happened since it looked.
/// </summary>
internal struct Readiness
{
    private const int Nothing = 0, Something = 1, Waiting = 2;

    private int _state;

    public static Readiness Ready => new() { _state = Something };

    /// <summary>Says that everything there was is about to be taken; false when there is nothing, which saves a call into the kernel.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Nothing, Something) == Something;

    /// <summary>Not everything was taken.</summary>
    public void HasMore() => Volatile.Write(ref _state, Something);

    /// <summary>False when something has happened since: look again.</summary>
    public bool TryWait() => Interlocked.CompareExchange(ref _state, Waiting, Nothing) == Nothing;

    /// <summary>Something has happened; true when somebody waited, who is to be told by the caller, and by nobody else.</summary>
    public bool Happened() => Volatile.Read(ref _state) != Something && Interlocked.Exchange(ref _state, Something) == Waiting;

    /// <summary>Ends a wait without an event; true for the one who has ended it.</summary>
    public bool TryStop() => Interlocked.CompareExchange(ref _state, Nothing, Waiting) == Waiting;
}
