namespace Milliways.Exchanges;

/// <summary>
/// Lets one in at a time, for two who seldom meet: one that waits for its turn and one that only tries. Whoever comes to a free place passes with one atomic step, where a
/// semaphore takes a lock on the way in and out.
/// </summary>
internal sealed class OneAtATime
{
    private const int Free = 0, Taken = 1, Awaited = 2;

    private int _state;
    private TaskCompletionSource? _turn;

    public bool TryEnter() => Interlocked.CompareExchange(ref _state, Taken, Free) == Free;

    /// <summary>Waits for the one who is in; only one may wait.</summary>
    public ValueTask EnterAsync()
    {
        if (TryEnter())
            return ValueTask.CompletedTask;
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _turn, turn, null) is not null)
            throw new InvalidOperationException("Somebody waits already.");
        while (Interlocked.CompareExchange(ref _state, Awaited, Taken) != Taken)
            if (TryEnter())
            {
                _turn = null;
                return ValueTask.CompletedTask;
            }
        return new ValueTask(turn.Task);
    }

    /// <summary>Leaves, or hands the place to the one who waits.</summary>
    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, Taken) == Taken)
            return;
        var turn = Interlocked.Exchange(ref _turn, null) ?? throw new InvalidOperationException("Nobody was in.");
        Volatile.Write(ref _state, Taken);
        turn.SetResult();
    }
}
