using Milliways.Storage;

namespace Milliways.Credits.Accounts;

/// <summary>
/// Where an account gets the lots from that this process may spend: all of every lot where one process has the money of a database (<see cref="WholeLots"/>), or
/// nothing at first and slices as it needs them where several share it (<see cref="Slices.SlicedLots"/>). An account's share is all it knows.
/// </summary>
internal interface ILotSource
{
    /// <summary>The account of a team as the books have it, with the lots that this process may spend. Runs on the database's thread.</summary>
    Account Open(DatabaseSession session, Guid team, DateTimeOffset now);

    /// <summary>Adds what has come into the database since: credit that another process gave, and changed limits. Runs on the database's thread.</summary>
    void Refresh(DatabaseSession session, Account account);
}
