namespace Milliways.Credits.Journal;

/// <summary>
/// The journal has charges that were acknowledged and cannot be read in order any more. They are never skipped in silence: whoever opens the file is told.
/// </summary>
internal sealed class JournalDamagedException(string message) : Exception(message);
