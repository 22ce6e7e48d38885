namespace Milliways.Logs;

/// <summary>The bytes that captured bodies may hold, from their capture until they are written: of running exchanges and of the queue together.</summary>
internal sealed class PayloadBudget(long most)
{
    /// <summary>Room for some large bodies and many usual ones; a server that logs payloads has this much memory more to spare.</summary>
    public const long Usual = 64 << 20;

    private long _held;

    public long Held => Volatile.Read(ref _held);

    /// <summary>Takes what is wanted, or as much of it as is left.</summary>
    public int Take(int wanted)
    {
        var taken = Interlocked.Add(ref _held, wanted);
        if (taken <= most)
            return wanted;
        var granted = (int)Math.Max(0, wanted - (taken - most));
        Interlocked.Add(ref _held, granted - wanted);
        return granted;
    }

    public void Return(long bytes) => Interlocked.Add(ref _held, -bytes);
}
