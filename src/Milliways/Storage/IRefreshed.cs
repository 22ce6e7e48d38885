namespace Milliways.Storage;

/// <summary>Holds rows of the ledger in memory, and takes over what another process has changed.</summary>
internal interface IRefreshed
{
    void Refresh();
}
