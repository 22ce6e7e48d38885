using System.Buffers;

namespace Milliways.Credits.Journal;

/// <summary>
/// <c>charges.journal</c>: records in the order of their sequence, durable when <see cref="Write"/> returns. A plain state machine over one file, for one
/// thread at a time.
/// </summary>
/// <remarks>
/// Two pages of headers, then two areas for frames. A round fills one area. When everything is in the books the next round begins at the start of the first
/// area, so a server with little to do uses a few megabytes for ever; when an area is full and the books lag, the next round begins in the other area, which
/// is free as soon as the round that was there before is in the books. So the file is never larger than two areas and never written over what is needed.
/// </remarks>
internal sealed class JournalFile : IDisposable
{
    /// <summary>Bytes of one area; holds some hundred thousand charges.</summary>
    public const long UsualAreaBytes = 64 << 20;

    /// <summary>Zeros are written ahead in steps of this, so that a flush need not write the file's size too.</summary>
    public const int StepBytes = 4 << 20;

    /// <summary>A round that is in the books is given up when it has grown beyond this.</summary>
    private const long GiveUpBytes = StepBytes - (256 << 10);

    private readonly Func<IJournalFile> _open;
    private readonly bool _flushes;
    private readonly long _areaBytes;
    private readonly int _stepBytes;
    private readonly ArrayBufferWriter<byte> _buffer = new(64 << 10);
    private IJournalFile _file;
    private JournalHeader _round;
    private long _lastOfTheOneBefore;
    private long _position;
    private long _flushed;

    private JournalFile(Func<IJournalFile> open, IJournalFile file, bool flushes, long areaBytes, int stepBytes) =>
        (_open, _file, _flushes, _areaBytes, _stepBytes) = (open, file, flushes, areaBytes, stepBytes);

    public Guid Id => _round.Journal;

    /// <summary>The sequence that was written last; 0: none yet.</summary>
    public long Last { get; private set; }

    /// <summary>The books have everything up to here.</summary>
    public long Applied { get; private set; }

    /// <summary>A write failed: nobody knows what of it is in the file until <see cref="Recover"/>.</summary>
    public bool IsSuspect { get; private set; }

    /// <summary>What was there at the start, in order; for <see cref="Begin"/>'s caller to apply what the books do not have.</summary>
    public IReadOnlyList<JournalFrame> Found { get; private set; } = [];

    private long LastBeyond { get; set; }

    private long DamagedAt { get; set; }

    /// <summary>Opens or creates the file and reads what is in it; <see cref="Begin"/> makes it writable.</summary>
    /// <param name="open">Opens the file; also again after a failed write.</param>
    /// <param name="newId">The id of the journal when the file is new.</param>
    /// <param name="flushes">False: records survive the end of the process, not of the machine.</param>
    /// <exception cref="JournalDamagedException">It is no journal, or one whose headers are gone.</exception>
    public static JournalFile Open(Func<IJournalFile> open, Guid newId, bool flushes = true, long areaBytes = UsualAreaBytes, int stepBytes = StepBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(areaBytes % JournalHeader.SlotBytes, 0); // what is appended to one may be written in whole blocks
        var file = open();
        try
        {
            var journal = new JournalFile(open, file, flushes, areaBytes, stepBytes);
            journal.ReadRounds(newId);
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Begins a round behind everything that was found. The caller has put what was found beyond <paramref name="mark"/> into the books.</summary>
    /// <param name="mark">What the books had of this journal before that; 0: nothing.</param>
    /// <exception cref="JournalDamagedException">Acknowledged records beyond the mark cannot be read.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Begin(long mark)
    {
        CheckAgainst(mark);
        Last = Applied = Math.Max(Last, mark);
        StartRound(area: 0);
        Found = [];
    }

    /// <summary>Throws when records that the books do not have are damaged or missing.</summary>
    public void CheckAgainst(long mark)
    {
        if (LastBeyond > mark)
            throw new JournalDamagedException(
                $"charges.journal is damaged at byte {DamagedAt}: charges up to number {LastBeyond} were written there, the books have those up to {mark}. Restore the file from a backup of the same hour, or move it away to go on without these charges.");
        if ((Found is [var first, ..] ? first.Sequence - 1 : _round.Applied) is var needed && mark < needed)
            throw new JournalDamagedException(
                $"charges.journal goes on from charge {needed}, and the books have those up to {mark} only: the database is older than the journal. Restore the database that belongs to it, or move the journal away to go on without these charges.");
    }

    /// <summary>The books have everything up to <paramref name="sequence"/>, durably.</summary>
    public void HasApplied(long sequence) => Applied = Math.Max(Applied, sequence);

    /// <summary>False: both areas are full of records that are not in the books, and nothing can be written until they are.</summary>
    public bool HasSpaceFor(int bytes) => _position + bytes <= End(_round.Area) || Applied == Last || Applied >= _lastOfTheOneBefore;

    /// <summary>Appends records; when it returns they are durable, the first with the sequence <c>Last + 1</c> of before.</summary>
    /// <exception cref="IOException">The file is suspect from now on.</exception>
    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        try
        {
            var bytes = payloads.Sum(payload => JournalFrame.SizeOf(payload.Length));
            if (Applied == Last && _position - Start(_round.Area) > Math.Min(GiveUpBytes, _areaBytes / 2))
                StartRound(area: 0);
            else if (_position + bytes > End(_round.Area))
                StartRound(Applied == Last ? 0 : 1 - _round.Area);
            _buffer.ResetWrittenCount();
            var sequence = Last;
            foreach (var payload in payloads)
                JournalFrame.Write(_buffer, _round.Round, ++sequence, _flushed, payload.Span);
            Grow(_position + bytes);
            if (_flushes)
                _file.Append(_position, _buffer.WrittenSpan);
            else
                _file.Write(_position, _buffer.WrittenSpan);
            (_position, Last) = (_position + bytes, sequence);
            _flushed = _flushes ? sequence : _flushed;
        }
        catch
        {
            IsSuspect = true;
            throw;
        }
    }

    /// <summary>
    /// Goes on after a failed write. A failed flush may have dropped pages that reading still shows (and a second flush would report as good), so nothing of the
    /// old round is relied on: the file is opened anew and a new round begins, in which the unknown records are not. Only when everything acknowledged is in the
    /// books.
    /// </summary>
    /// <exception cref="IOException">It does not work yet: still suspect.</exception>
    public void Recover()
    {
        if (Applied < Last)
            throw new InvalidOperationException("The books do not have everything yet.");
        _file.Dispose();
        _file = _open();
        if (ReadHeader(_file, 0) is null && ReadHeader(_file, 1) is null)
            throw new IOException("charges.journal has lost its headers.");
        StartRound(area: 0);
        IsSuspect = false;
    }

    public void Dispose() => _file.Dispose();

    private void ReadRounds(Guid newId)
    {
        var (even, odd) = (ReadHeader(_file, 0), ReadHeader(_file, 1));
        if (even is null && odd is null)
        {
            if (HasFrames())
                throw new JournalDamagedException("charges.journal has lost its headers, or is no journal of Milliways: restore it from a backup, or move it away to go on without the charges in it.");
            _round = new JournalHeader(newId, 0, 0, 1, 0);
            return;
        }
        var before = (even?.Round ?? 0) < (odd?.Round ?? 0) ? even : odd;
        _round = (before == odd ? even : odd)!.Value;
        if (before is null)
            ProbeLostHeader();
        var found = new List<JournalFrame>();
        if (_round.NeedsTheOneBefore && before is { } older && older.Round == _round.Round - 1)
            Take(JournalReader.Read(_file, older, Start(older.Area), _areaBytes), found);
        if (LastBeyond == 0)
            Take(JournalReader.Read(_file, _round, Start(_round.Area), _areaBytes), found);
        Found = found;
        Last = found.Count > 0 ? found[^1].Sequence : _round.First - 1;
        Applied = _round.Applied;
        CheckOrder(found);
    }

    private void Take(JournalReader.Found part, List<JournalFrame> found)
    {
        found.AddRange(part.Frames);
        (LastBeyond, DamagedAt) = (part.LastBeyond, part.DamagedAt);
    }

    /// <summary>All of the round before was flushed before this one began.</summary>
    private void CheckOrder(List<JournalFrame> found)
    {
        for (var i = 1; i < found.Count && LastBeyond == 0; i++)
            if (found[i].Sequence != found[i - 1].Sequence + 1)
                (LastBeyond, DamagedAt) = (found[^1].Sequence, Start(1 - _round.Area));
        if (_round.NeedsTheOneBefore && LastBeyond == 0 && (found.Count == 0 || found[0].Sequence > _round.Applied + 1))
            (LastBeyond, DamagedAt) = (Math.Max(Last, _round.First - 1), Start(1 - _round.Area));
    }

    /// <summary>A header that was torn has no frames behind it: they are written when it is on the disk.</summary>
    private void ProbeLostHeader()
    {
        for (var area = 0; area < 2; area++)
        {
            var head = new byte[Math.Min(JournalFrame.HeadBytes + JournalFrame.MostPayload, Math.Max(0, _file.Size - Start(area)))];
            if (JournalFrame.Read(head.AsMemory(0, _file.Read(Start(area), head)), _round.Round + 1) is { } frame)
                (LastBeyond, DamagedAt) = (frame.Sequence, (_round.Round + 1) % 2 * JournalHeader.SlotBytes);
        }
    }

    private void StartRound(int area)
    {
        var next = new JournalHeader(_round.Journal, _round.Round + 1, area, Last + 1, Applied);
        _file.Write(next.Round % 2 * JournalHeader.SlotBytes, next.ToBytes());
        Grow(Start(area) + 1);
        if (_flushes)
            _file.Flush();
        (_round, _position, _flushed, _lastOfTheOneBefore) = (next, Start(area), _flushes ? Last : 0, Last);
    }

    private void Grow(long size)
    {
        var at = _file.Size;
        if (at >= size)
            return;
        var end = (size + _stepBytes - 1) / _stepBytes * _stepBytes;
        var zeros = new byte[Math.Min(end - at, 256 << 10)];
        for (int part; at < end; at += part)
        {
            part = (int)Math.Min(zeros.Length, end - at);
            _file.Write(at, zeros.AsSpan(0, part));
        }
        if (_flushes)
            _file.Flush();
    }

    private bool HasFrames()
    {
        var bytes = new byte[4096];
        for (var at = Start(0); _file.Read(at, bytes) is > 0 and var read; at += read)
            if (bytes.AsSpan(0, read).ContainsAnyExcept((byte)0))
                return true;
        return false;
    }

    private static JournalHeader? ReadHeader(IJournalFile file, int slot)
    {
        var bytes = new byte[64];
        return JournalHeader.Read(bytes.AsSpan(0, file.Read(slot * JournalHeader.SlotBytes, bytes)));
    }

    private long Start(int area) => 2 * JournalHeader.SlotBytes + area * _areaBytes;

    private long End(int area) => Start(area) + _areaBytes;
}
