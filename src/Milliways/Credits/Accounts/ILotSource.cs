using Milliways.Storage;

namespace Milliways.Credits.Accounts;

/// <summary>
/// Where an account gets the lots from that this process may spend. Today one process keeps the books of a team and has the whole of each lot
/// (<see cref="WholeLots"/>). With several processes on one database this is where slices come in: a source that takes a part of a lot's remainder by lease, in
/// the database's transaction, gives it to the account as a lot of that amount, gives more when an account runs short, and takes back what a process that is
/// gone did not spend. Nothing of the account changes: its share is all it knows.
/// </summary>
internal interface ILotSource
{
    /// <summary>The account of a team as the books have it, with the lots that this process may spend. Runs on the database's thread.</summary>
    Account Open(DatabaseSession session, Guid team, DateTimeOffset now);

    /// <summary>Adds what has come into the database since: credit that another process gave, and changed limits. Runs on the database's thread.</summary>
    void Refresh(DatabaseSession session, Account account);
}
