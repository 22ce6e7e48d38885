using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>The database could not do what it was asked for, and it was not the statement's fault.</summary>
internal abstract class DatabaseException(string message, Exception? inner = null) : UnavailableException(message, inner);

/// <summary>The database's thread has as much to do as it may hold: nothing was done.</summary>
internal sealed class DatabaseBusyException() : DatabaseException("The database has too much to do at the moment.");

/// <summary>
/// The database cannot be reached, was lost on the way, or cannot write at the moment (locked, full). A transaction was not committed, unless it was lost in
/// its very commit: who must know does it idempotently. The session comes back by itself.
/// </summary>
internal sealed class DatabaseAwayException(string message, Exception? inner = null) : DatabaseException(message, inner);

/// <summary>A row would break a rule of the schema: a second one with the same key, or one that names a row that is not there.</summary>
internal sealed class DatabaseConflictException(string message, Exception? inner = null) : DatabaseException(message, inner);
