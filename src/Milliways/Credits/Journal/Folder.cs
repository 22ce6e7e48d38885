namespace Milliways.Credits.Journal;

/// <summary>
/// Holds the records that are durable in the journal and not in the books yet, in their order. A plain state machine: <see cref="Books.FolderLoop"/> takes
/// them from here into the database, and so does a simulation.
/// </summary>
internal sealed class Folder(TimeProvider time)
{
    /// <summary>How long the books may lag before holds are refused (design §4, "Journal first").</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>So many records are worth a transaction of their own: more of them would only lie about in memory, for the collector to carry along.</summary>
    public const int Enough = 500;

    private readonly Lock _one = new();
    private readonly Queue<(long Sequence, Posting Posting, long Since)> _waiting = new();
    private readonly List<(long Sequence, TaskCompletionSource Reached)> _awaited = [];
    private int _folding;
    private long _last;
    private long _applied;

    /// <summary>There is something to take.</summary>
    public Action? Wake { get; set; }

    /// <summary>Somebody waits for the books, or <see cref="Enough"/> is there for them.</summary>
    public Action? Hurry { get; set; }

    /// <summary>The books have everything up to this sequence.</summary>
    public event Action<long>? HasApplied;

    public long Applied => Volatile.Read(ref _applied);

    /// <summary>How many records wait.</summary>
    public int Lag
    {
        get
        {
            lock (_one)
                return _waiting.Count;
        }
    }

    /// <summary>The oldest record has waited for longer than <see cref="Patience"/>.</summary>
    public bool IsAway
    {
        get
        {
            lock (_one)
                return _waiting.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Since) > Patience;
        }
    }

    /// <summary>At the start: the books have this much.</summary>
    public void Begin(long applied) => _last = _applied = applied;

    /// <param name="first">The sequence of the first one.</param>
    /// <param name="postings">In their order.</param>
    public void Add(long first, IReadOnlyList<Posting> postings)
    {
        var now = time.GetTimestamp();
        bool isEnough;
        lock (_one)
        {
            var waiting = _waiting.Count - _folding; // those on their way into the books are waited for by nobody
            isEnough = waiting < Enough && waiting + postings.Count >= Enough;
            for (var i = 0; i < postings.Count; i++)
                _waiting.Enqueue((first + i, postings[i], now));
            _last = first + postings.Count - 1;
        }
        Wake?.Invoke();
        if (isEnough)
            Hurry?.Invoke();
    }

    /// <summary>The records that come next, at most so many; they stay here until they are <see cref="Done"/>.</summary>
    public IReadOnlyList<(long Sequence, Posting Posting)> Next(int most)
    {
        lock (_one)
        {
            var (next, at) = (new (long, Posting)[Math.Min(most, _waiting.Count)], 0);
            foreach (var record in _waiting)
            {
                if (at == next.Length)
                    break;
                next[at++] = (record.Sequence, record.Posting);
            }
            return next;
        }
    }

    /// <summary>Takes the next records, at most so many, into the books: only what those have durably is done with.</summary>
    /// <param name="most">Records.</param>
    /// <param name="apply">Completes after its commit, with the mark that was committed. When it throws, all of them stay here.</param>
    /// <returns>False: nothing waits.</returns>
    public async ValueTask<bool> FoldAsync(int most, Func<IReadOnlyList<(long Sequence, Posting Posting)>, Task<long>> apply)
    {
        if (Next(most) is not { Count: > 0 } records)
            return false;
        try
        {
            Fold(records.Count);
            var mark = await apply(records);
            Done(mark);
            return true;
        }
        finally
        {
            Fold(0);
        }
    }

    private void Fold(int records)
    {
        lock (_one)
            _folding = records;
    }

    /// <summary>The books have everything up to here, durably.</summary>
    public void Done(long sequence)
    {
        List<TaskCompletionSource> reached;
        lock (_one)
        {
            while (_waiting.TryPeek(out var record) && record.Sequence <= sequence)
                _waiting.Dequeue();
            _folding = 0;
            Volatile.Write(ref _applied, sequence);
            reached = [.. _awaited.Where(waiting => waiting.Sequence <= sequence).Select(waiting => waiting.Reached)];
            _awaited.RemoveAll(waiting => waiting.Sequence <= sequence);
        }
        reached.ForEach(one => one.TrySetResult());
        HasApplied?.Invoke(sequence);
    }

    /// <summary>Completes when the books have what is durable now.</summary>
    public Task CatchUpAsync(CancellationToken cancel)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_one)
        {
            if (_waiting.Count == 0)
                return Task.CompletedTask;
            _awaited.Add((_last, reached));
        }
        Hurry?.Invoke();
        return reached.Task.WaitAsync(cancel);
    }
}
