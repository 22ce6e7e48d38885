namespace Milliways.Credits.Journal;

/// <summary>Learns what became of a record. Called on the journal's own thread, save <see cref="Tell"/>.</summary>
internal interface IJournalWaiter
{
    /// <summary>The record is durable.</summary>
    void Written();

    /// <summary>The record could not be made durable; it may yet be in the file.</summary>
    void Failed(Exception why);

    /// <summary>After <see cref="Failed"/>: now it is certain that the record is not in the file.</summary>
    void Discarded();

    /// <summary>After <see cref="Written"/> or <see cref="Failed"/>, on a thread that may go on with whoever waits: tells them.</summary>
    void Tell();
}
