namespace Milliways.Credits.Journal;

/// <summary>
/// The file under the journal, as little of one as the journal needs: tests put one there that tears writes, loses what was not flushed, and fills up.
/// Used by one thread at a time.
/// </summary>
internal interface IJournalFile : IDisposable
{
    /// <summary>In bytes.</summary>
    long Size { get; }

    /// <summary>Fills <paramref name="into"/>, or as much of it as there is before the end of the file.</summary>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    int Read(long at, Span<byte> into);

    /// <summary>Writes all of <paramref name="bytes"/>; beyond the end the file grows. After an exception any part of them may be there.</summary>
    /// <exception cref="IOException">No space, or the disk fails.</exception>
    void Write(long at, ReadOnlySpan<byte> bytes);

    /// <summary>Returns when everything written before survives the loss of power. After an exception nobody knows which of it does.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    void Flush();

    /// <summary>
    /// <see cref="Write"/> and <see cref="Flush"/> of what is written from one end of an area to the other: what stands behind it, up to a multiple of 4,096 bytes, may be zeros afterwards.
    /// </summary>
    /// <exception cref="IOException">No space, or the disk fails.</exception>
    void Append(long at, ReadOnlySpan<byte> bytes)
    {
        Write(at, bytes);
        Flush();
    }
}
