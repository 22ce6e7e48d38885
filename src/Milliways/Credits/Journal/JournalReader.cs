namespace Milliways.Credits.Journal;

/// <summary>
/// Reads the frames of one round. It ends where the first one is not whole: there the writer was when the power went. Only when a later frame says that the
/// missing one had been flushed, the end is none but damage.
/// </summary>
internal static class JournalReader
{
    /// <param name="Frames">In order, without a gap.</param>
    /// <param name="LastBeyond">The highest sequence found behind damage; 0: there is none.</param>
    /// <param name="DamagedAt">Where in the file the damage begins.</param>
    public readonly record struct Found(List<JournalFrame> Frames, long LastBeyond, long DamagedAt);

    public static Found Read(IJournalFile file, JournalHeader header, long areaAt, long areaBytes)
    {
        var bytes = new byte[Math.Max(0, Math.Min(areaBytes, file.Size - areaAt))];
        var area = bytes.AsMemory(0, file.Read(areaAt, bytes));
        var (frames, at, next) = (new List<JournalFrame>(), 0, header.First);
        while (JournalFrame.Read(area[at..], header.Round) is { } frame && frame.Sequence == next)
        {
            frames.Add(frame);
            at += JournalFrame.SizeOf(frame.Payload.Length);
            next++;
        }
        var beyond = LastBeyond(area[at..], header.Round, next);
        return new Found(frames, beyond, areaAt + at);
    }

    private static long LastBeyond(ReadOnlyMemory<byte> rest, long round, long missing)
    {
        var last = 0L;
        for (var at = 0; at + JournalFrame.HeadBytes <= rest.Length; at += JournalFrame.Alignment)
            if (JournalFrame.Read(rest[at..], round) is { } frame && frame.Flushed >= missing)
                last = Math.Max(last, frame.Sequence);
        return last;
    }
}
