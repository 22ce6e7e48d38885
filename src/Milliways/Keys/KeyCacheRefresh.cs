using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>A team's state and limits are with each of its keys in memory: a changed team is read again with all of them.</summary>
internal sealed class KeyCacheRefresh(KeyStore keys) : ITeamWatcher
{
    public void TeamsChanged() => keys.Refresh();
}
