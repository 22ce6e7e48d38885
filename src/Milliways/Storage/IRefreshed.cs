namespace Milliways.Storage;

/// <summary>Holds rows of the ledger in memory, and takes over what another process has changed (see <see cref="ChangeWatch"/>).</summary>
internal interface IRefreshed
{
    /// <summary>The topics whose changes concern it (<see cref="Topics"/>).</summary>
    IReadOnlyList<string> Concerns { get; }

    /// <summary>Reads again. May block; called on a thread of the database's.</summary>
    void Refresh();
}
