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
        _turn = turn;
        while (true)
            switch (Interlocked.CompareExchange(ref _state, Awaited, Taken))
            {
                case Taken:
                    return new ValueTask(turn.Task);
                case Free when TryEnter():
                    return ValueTask.CompletedTask;
                case Awaited:
                    throw new InvalidOperationException("Somebody waits already.");
            }
    }

    /// <summary>Leaves, or hands the place to the one who waits.</summary>
    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, Taken) == Taken)
            return;
        var turn = _turn!;
        Volatile.Write(ref _state, Taken);
        turn.SetResult();
    }
}
