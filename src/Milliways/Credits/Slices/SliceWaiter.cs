using Milliways.Credits.Accounts;

namespace Milliways.Credits.Slices;

/// <summary>A request that waits for money to be set aside. Guarded by its account's gate.</summary>
/// <param name="hold">What it is set aside for.</param>
/// <param name="ticks">How much more.</param>
/// <param name="options">How whoever waits goes on: not on the thread that holds the gate, unless there is only one.</param>
internal sealed class SliceWaiter(AccountHold hold, long ticks, TaskCreationOptions options = TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly TaskCompletionSource<HoldAnswer> _answer = new(options);

    public AccountHold Hold => hold;

    public long Ticks => ticks;

    public Task<HoldAnswer> Answer => _answer.Task;

    public bool IsWaiting => !_answer.Task.IsCompleted;

    /// <summary>Why it was refused last.</summary>
    public HoldRefusal Refusal { get; private set; } = HoldRefusal.Credits;

    /// <summary>True: it has what it waits for, or nobody waits for it any more.</summary>
    public bool TryServe(Account account, DateTimeOffset now)
    {
        if (!IsWaiting)
            return true;
        if (account.TryHold(hold, ticks, now) is { } refusal)
        {
            Refusal = refusal;
            return false;
        }
        _answer.SetResult(new HoldAnswer(hold, null));
        return true;
    }

    /// <param name="refusal">Why.</param>
    /// <param name="available">What there would be, in ticks.</param>
    public void Refuse(HoldRefusal refusal, long available) => _answer.TrySetResult(new HoldAnswer(null, refusal, available));

    /// <summary>False: it has been answered.</summary>
    public bool Cancel(CancellationToken cancel) => _answer.TrySetCanceled(cancel);
}
