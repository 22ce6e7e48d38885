using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Gateway;

/// <summary>Callers of an open gateway who show no token: they have the team's limits, and a key of nobody's in the books.</summary>
internal static class Strangers
{
    public static readonly Guid KeyId = Guid.Empty;

    public static ApiKey KeyOf(Team team) => new(KeyId, team, "open gateway", "", team.Created, team.Created, Disabled: false);
}
