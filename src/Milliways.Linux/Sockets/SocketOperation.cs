using System.Threading.Tasks.Sources;

namespace Milliways.Linux.Sockets;

internal enum Direction { Receive, Send }

/// <summary>
/// Something that is done with one direction of a socket as soon as that lets it, one at a time and without allocation. When a try brings nothing it waits, and is
/// tried again by whoever ends the wait: the loop, one who cancels, or one who has something else to say. What is tried is always the operation that stands
/// now, so one who comes too late does no harm.
/// </summary>
internal abstract class SocketOperation<T>(EventSocket socket, Direction direction) : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _source;
    private CancellationTokenRegistration _cancelled;
    private CancellationToken _cancel;
    private volatile bool _isCancelled;
    private volatile bool _isPending;

    /// <summary>It waits, or is being tried by whoever has ended its wait.</summary>
    public bool IsPending => _isPending;

    /// <summary>For the loop, and for who has ended the wait: tries, and waits again if there was nothing.</summary>
    public void GoOn()
    {
        T result;
        try
        {
            do
            {
                if (_isCancelled)
                    throw new OperationCanceledException(_cancel);
                if (TryRun(out result))
                    break;
                if (TryWait())
                    return;
            }
            while (true);
        }
        catch (Exception ended)
        {
            End();
            _source.SetException(ended is OperationCanceledException ? ended : Meaning(ended));
            return;
        }
        End();
        _source.SetResult(result);
    }

    /// <summary>Ends a wait, if there is one: there is something to see that no event tells.</summary>
    public void LookAgain()
    {
        if (TryStop())
            GoOn();
    }

    public T GetResult(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            _source.Reset();
        }
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _source.OnCompleted(continuation, state, token, flags);

    /// <summary>Tries, and waits if that brought nothing.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before it began.</exception>
    public ValueTask<T> RunAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Claim();
        return TryFirst(out var result) ? new ValueTask<T>(result) : new ValueTask<T>(this, Wait(cancel));
    }

    /// <summary>One at a time: two would take each other's bytes.</summary>
    /// <exception cref="InvalidOperationException">The one before has not ended.</exception>
    protected void Claim()
    {
        if (_isPending)
            throw new InvalidOperationException("The one before has not ended yet.");
    }

    /// <summary>Waits, behind a try that brought nothing. It may have ended when this returns.</summary>
    /// <returns>What its task is made with.</returns>
    protected short Wait(CancellationToken cancel)
    {
        var version = _source.Version;
        _isPending = true;
        if (cancel.CanBeCanceled)
        {
            _cancel = cancel;
            _cancelled = cancel.UnsafeRegister(static operation => ((SocketOperation<T>)operation!).Cancel(), this);
        }
        if (!TryWait())
            GoOn();
        return version;
    }

    /// <summary>False: it has to wait for the socket.</summary>
    protected abstract bool TryRun(out T result);

    /// <summary>The first try, on the thread of the one who asks.</summary>
    protected virtual bool TryFirst(out T result) => TryRun(out result);

    /// <summary>There is something to see that no event tells: it must not begin to wait.</summary>
    protected virtual bool HasMoreToSee => false;

    /// <summary>What a failure of <see cref="TryRun"/> means to the one who waits.</summary>
    protected virtual Exception Meaning(Exception failure) => failure;

    /// <summary>It waits no more, and the one who waited will be told.</summary>
    protected virtual void Ended()
    {
    }

    /// <summary>False when it is time to look again; what was closed or cancelled before the wait began tells nobody any more.</summary>
    private bool TryWait() => (direction == Direction.Receive ? socket.TryWaitToReceive() : socket.TryWaitToSend()) && !((socket.IsClosed || _isCancelled || HasMoreToSee) && TryStop());

    private bool TryStop() => direction == Direction.Receive ? socket.TryStopReceiving() : socket.TryStopSending();

    private void Cancel()
    {
        _isCancelled = true;
        LookAgain();
    }

    private void End()
    {
        _cancelled.Dispose(); // a cancellation that runs is waited for: it must not meet the next operation
        (_cancelled, _cancel, _isCancelled, _isPending) = (default, default, false, false);
        Ended();
    }
}
