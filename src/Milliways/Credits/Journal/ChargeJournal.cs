using System.Buffers;

namespace Milliways.Credits.Journal;

/// <summary>
/// Gathers what is to be written into batches, one write and one flush for all that came while the last one ran, and tells everybody what became of his
/// record. A plain state machine: <see cref="JournalThread"/> calls <see cref="Step"/>, and so does a simulation.
/// </summary>
internal sealed class ChargeJournal : IDisposable
{
    private const int MostRecords = 512;
    private const int MostBytes = 512 << 10;
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly JournalFile _file;
    private readonly Folder _folder;
    private readonly TimeProvider _time;
    private readonly ITimer _retry;
    private readonly Lock _one = new();
    private readonly Queue<Pending> _queue = new();
    private readonly List<Pending> _unknown = [];
    private readonly List<Pending> _batch = [];
    private long _failedAt;
    private volatile Exception? _trouble;
    private volatile Exception? _isFull;
    private bool _isClosed;

    private readonly record struct Pending(Posting Posting, ArraySegment<byte> Payload, IJournalWaiter Waiter);

    /// <param name="file">Begun: everything that was in it is in the books.</param>
    /// <param name="folder">Gets every record that is durable.</param>
    public ChargeJournal(JournalFile file, Folder folder, TimeProvider time)
    {
        (_file, _folder, _time) = (file, folder, time);
        _retry = time.CreateTimer(_ => Wake?.Invoke(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        folder.HasApplied += _ => Wake?.Invoke();
    }

    /// <summary>There is something to do for <see cref="Step"/>.</summary>
    public Action? Wake { get; set; }

    /// <summary>How those who wait are told what became of their records; a simulation does it at once.</summary>
    public Action<IReadOnlyList<IJournalWaiter>> Tell { get; init; } = JournalTellers.Tell;

    public Guid Id => _file.Id;

    /// <summary>Why nothing can be written at the moment; null: it can.</summary>
    public Exception? Trouble => _trouble ?? _isFull;

    /// <summary>Records that are in no batch yet.</summary>
    public int Waiting
    {
        get
        {
            lock (_one)
                return _queue.Count;
        }
    }

    /// <summary>Queues a record; records are written in the order in which they came. False: nothing can be written, and nobody will be told.</summary>
    public bool TryAdd(Posting posting, IJournalWaiter waiter)
    {
        if (Trouble is not null)
            return false;
        var payload = PostingCodec.Encode(posting);
        lock (_one)
        {
            if (_isClosed)
                return false;
            _queue.Enqueue(new Pending(posting, payload, waiter));
        }
        Wake?.Invoke();
        return true;
    }

    /// <summary>From now on nothing is added; what was is still written.</summary>
    public void Close()
    {
        lock (_one)
            _isClosed = true;
    }

    /// <summary>Writes one batch, or tries to get over a failure. False: nothing to do at the moment.</summary>
    public bool Step()
    {
        _file.HasApplied(_folder.Applied);
        if (_file.IsSuspect && !Recovers())
        {
            RefuseAll();
            // Nobody else calls: while it is suspect nothing is added, and the timer may have rung a moment too early.
            _retry.Change(TryAgain, Timeout.InfiniteTimeSpan);
            return false;
        }
        if (_isFull is not null && _file.HasSpaceFor(MostBytes))
            _isFull = null;
        if (!TakeBatch(out var bytes))
            return false;
        if (!_file.HasSpaceFor(bytes))
        {
            // Nothing is written, so nothing is unknown. There is space again when the books have more.
            _isFull = new IOException("The journal is full of charges that are not in the books yet.");
            Fail(_isFull);
            _batch.ForEach(pending => pending.Waiter.Discarded());
            TellBatch();
            return true;
        }
        try
        {
            _file.Write(_batch.ConvertAll(pending => (ReadOnlyMemory<byte>)pending.Payload));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            (_trouble, _failedAt) = (failed, _time.GetTimestamp());
            _unknown.AddRange(_batch);
            Fail(failed);
            TellBatch();
            return true;
        }
        _folder.Add(_file.Last - _batch.Count + 1, _batch.ConvertAll(pending => pending.Posting));
        foreach (var pending in _batch)
            pending.Waiter.Written();
        TellBatch();
        return true;
    }

    public void Dispose()
    {
        _retry.Dispose();
        _file.Dispose();
    }

    private bool TakeBatch(out int bytes)
    {
        _batch.Clear();
        bytes = 0;
        lock (_one)
            while (_batch.Count < MostRecords && _queue.TryPeek(out var next))
            {
                var size = JournalFrame.SizeOf(next.Payload.Count);
                if (_batch.Count > 0 && bytes + size > MostBytes)
                    break;
                bytes += size;
                _batch.Add(_queue.Dequeue());
            }
        return _batch.Count > 0;
    }

    private bool Recovers()
    {
        if (_time.GetElapsedTime(_failedAt) < TryAgain || _file.Applied < _file.Last)
            return false;
        try
        {
            _file.Recover();
        }
        catch (Exception still) when (still is IOException or UnauthorizedAccessException)
        {
            (_trouble, _failedAt) = (still, _time.GetTimestamp());
            return false;
        }
        _trouble = null;
        _unknown.ForEach(pending => pending.Waiter.Discarded());
        _unknown.Clear();
        return true;
    }

    private void RefuseAll()
    {
        while (TakeBatch(out _))
        {
            Fail(_trouble!);
            _batch.ForEach(pending => pending.Waiter.Discarded());
            TellBatch();
        }
    }

    private void Fail(Exception why) => _batch.ForEach(pending => pending.Waiter.Failed(why));

    /// <summary>The batch is done with.</summary>
    private void TellBatch()
    {
        foreach (var pending in _batch)
            ArrayPool<byte>.Shared.Return(pending.Payload.Array!);
        Tell(_batch.ConvertAll(pending => pending.Waiter));
    }
}
