using Milliways.Credits.Accounts;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// Carries slices between accounts and the database. One task takes for all who wait in an account, in batches, and one gives back; neither ever waits for
/// longer than <see cref="Pauses"/> together for what other servers have.
/// </summary>
internal sealed class Slicing(LedgerDatabase database, Epochs epochs, Func<long> postpaid, TimeProvider time, ILogger<Slicing> log) : ISlices, IAsyncDisposable
{
    private const int Connections = 2;

    /// <summary>How long it is waited, each time before the database is asked again, for what others were asked to give back.</summary>
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(500)];

    /// <summary>After others were asked in vain nobody waits for them again for so long.</summary>
    private static readonly TimeSpan InVain = TimeSpan.FromSeconds(1);

    /// <summary>A transaction whose outcome is not known is over after that long, one way or the other: no statement runs longer.</summary>
    private static readonly TimeSpan Unsure = TimeSpan.FromSeconds(30);

    /// <summary>How often it is asked for meanwhile.</summary>
    private static readonly TimeSpan Inquiry = TimeSpan.FromSeconds(10);

    private readonly Lazy<DatabaseThread> _threads = new(() => database.OpenThreads("slices", Connections));

    public bool IsCurrent(long epoch) => epochs.IsCurrent(epoch);

    public ValueTask<bool> EnsureAsync() => epochs.EnsureAsync();

    public async Task<HoldAnswer> AskAsync(AccountHold hold, long ticks, CancellationToken cancel)
    {
        var (account, waiter) = (hold.Account, new SliceWaiter(hold, ticks));
        var shares = account.Shares!;
        bool isFirst;
        lock (account.Gate)
        {
            shares.Waiters.Add(waiter);
            isFirst = !shares.IsTaking;
            shares.IsTaking = true;
        }
        if (isFirst)
            _ = TakeAsync(account, shares);
        await using var _1 = cancel.Register(() =>
        {
            lock (account.Gate)
                if (waiter.Cancel(cancel))
                    shares.Waiters.Remove(waiter);
        });
        return await waiter.Answer;
    }

    public void Freed(Account account)
    {
        var (shares, now) = (account.Shares!, time.GetUtcNow());
        lock (account.Gate)
        {
            shares.Freed?.TrySetResult();
            if (!shares.IsLow(now))
                return;
            // Who waits here has it first; nobody who comes later, as under a limit that was lowered meanwhile.
            shares.Serve(now);
            shares.TakeOut(now);
        }
        Return(account);
    }

    public void Want(Account account)
    {
        var now = time.GetUtcNow();
        lock (account.Gate)
        {
            account.Shares!.Want(now);
            account.Shares.TakeOut(now);
        }
        Return(account);
    }

    /// <summary>Gives back what is idle, and whatever else is on its way back; returns at once.</summary>
    public void Return(Account account)
    {
        if (epochs.IsCurrent(account.Epoch))
            _ = ReturnAsync(account, all: false);
    }

    /// <summary>At the end of the server: gives back all that is free, and waits for it.</summary>
    public Task ReturnAllAsync(Account account) => ReturnAsync(account, all: true);

    /// <summary>Hears what was given by a transaction whose outcome was not known; returns at once.</summary>
    public void Inquire(Account account)
    {
        var shares = account.Shares!;
        lock (account.Gate)
        {
            var now = time.GetUtcNow();
            if (shares.IsTaking || shares.UnsureUntil is not { } until || now < shares.InquireAt)
                return;
            // Once more when it is over, and then it is known.
            (shares.InquireAt, shares.UnsureUntil) = (now + Inquiry, now < until ? until : null);
            shares.IsTaking = true;
        }
        _ = TakeAsync(account, shares, inquires: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_threads.IsValueCreated)
            await _threads.Value.DisposeAsync();
    }

    private async Task TakeAsync(Account account, Shares shares, bool inquires = false)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        for (var pause = 0; ;)
        {
            SliceRequest? request;
            SliceWaiter[] asked;
            lock (account.Gate)
            {
                shares.Serve(time.GetUtcNow());
                asked = [.. shares.Waiters];
                request = shares.Request(time.GetUtcNow()) ?? (inquires ? shares.Inquiry : null);
                if (request is null)
                {
                    shares.IsTaking = false;
                    return;
                }
                shares.IsAsking = true;
            }
            inquires = false;
            if (await AskDatabaseAsync(request) is not { IsOver: false } answer || !epochs.IsCurrent(account.Epoch))
            {
                Refuse(account, shares, asked, answer: null);
                pause = 0;
                continue;
            }
            bool waits, isOvertaken;
            lock (account.Gate)
            {
                shares.IsAsking = false;
                shares.Take(answer);
                shares.Serve(time.GetUtcNow());
                var lack = asked.Any(waiter => waiter.IsWaiting) && pause < Pauses.Length;
                // There was enough, but somebody who came later was quicker.
                isOvertaken = lack && !answer.IsShort;
                waits = lack && (answer.OthersHave || shares.IsOnItsWay) && !(time.GetUtcNow() - shares.InVainAt < InVain);
            }
            Freed(account); // what stayed for those who waited goes back where others could need it more
            if (isOvertaken)
            {
                pause++;
                continue;
            }
            if (!waits)
            {
                Refuse(account, shares, asked, answer);
                pause = 0;
                continue;
            }
            await WantAsync(account.Team);
            await PauseAsync(account, shares, Pauses[pause++], answer.OthersHave);
        }

        async Task<SliceAnswer?> AskDatabaseAsync(SliceRequest request)
        {
            try
            {
                return await _threads.Value.RunAsync(session => SliceBook.Take(session, request, postpaid(), time.GetUtcNow()));
            }
#pragma warning disable CA1031 // Whoever waits must get an answer whatever it was; what is not the database's absence is told.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                Tell(failed);
                lock (account.Gate)
                    (shares.UnsureUntil, shares.InquireAt) = (time.GetUtcNow() + Unsure, time.GetUtcNow());
                return null;
            }
        }
    }

    /// <summary>Waits for others to give something back, or for what is on its way back from here; what is free here meanwhile is used at once.</summary>
    private async Task PauseAsync(Account account, Shares shares, TimeSpan pause, bool forOthers)
    {
        var over = Task.Delay(pause, time);
        while (!over.IsCompleted)
        {
            var freed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (account.Gate)
            {
                shares.Serve(time.GetUtcNow());
                if (shares.Waiters.Count == 0 || !(forOthers || shares.IsOnItsWay))
                    return;
                shares.Freed = freed;
            }
            await Task.WhenAny(over, freed.Task);
        }
    }

    /// <summary>Nothing more is to be had for those who still wait; who came meanwhile was not asked for.</summary>
    /// <param name="answer">Null: nobody can say.</param>
    private void Refuse(Account account, Shares shares, SliceWaiter[] asked, SliceAnswer? answer)
    {
        lock (account.Gate)
        {
            var now = time.GetUtcNow();
            shares.IsAsking = false;
            var refused = asked.Where(waiter => waiter.IsWaiting).ToList();
            var available = answer is null ? 0 : account.Available(now) + answer.FreeCredits;
            refused.ForEach(waiter => waiter.Refuse(answer is null ? HoldRefusal.Unavailable : waiter.Refusal, available));
            if (answer is { OthersHave: true } && refused.Count > 0 && !(now - shares.InVainAt < InVain))
                shares.InVainAt = now;
            shares.Waiters.RemoveAll(waiter => !waiter.IsWaiting);
        }
    }

    private async Task WantAsync(Guid team)
    {
        try
        {
            await _threads.Value.RunAsync(session => session.Transact(() =>
            {
                SliceBook.Want(session, team);
                return true;
            }));
        }
#pragma warning disable CA1031 // The next look at the database says what this one could not.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            Tell(failed);
        }
    }

    private void Tell(Exception failed)
    {
        if (!Bookkeeping.IsTrouble(failed))
            log.LogError(failed, "Credits could not be shared with other servers");
    }

    private async Task ReturnAsync(Account account, bool all)
    {
        var shares = account.Shares!;
        lock (account.Gate)
        {
            if (shares.IsReturning && !all)
                return;
            shares.IsReturning = true;
        }
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            List<(string Resource, long Returned)> back;
            lock (account.Gate)
            {
                back = shares.TakeOut(time.GetUtcNow(), all);
                if (back.Count == 0)
                {
                    shares.IsReturning = false;
                    return;
                }
            }
            try
            {
                await _threads.Value.RunAsync(session =>
                {
                    SliceBook.GiveBack(session, account.Team, account.Epoch, back);
                    return true;
                });
                lock (account.Gate)
                {
                    shares.HasWritten(back);
                    shares.Freed?.TrySetResult();
                }
            }
#pragma warning disable CA1031 // The numbers stay, and the next tick writes them.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                Tell(failed);
                lock (account.Gate)
                    shares.IsReturning = false;
                return;
            }
        }
    }
}
