using Milliways.Dialects.Chat;
using Milliways.Teams;

namespace Milliways.Routing;

/// <summary>The answer for a name that nobody serves, in xAI's words (xai-api 1.15.3).</summary>
internal static class UnknownModel
{
    public static Failure Failure(string name, Team team) =>
        new(FailureKind.ModelNotFound, FailureParty.Client, "route",
            $"The model {name} does not exist or your team {team.Id:D} does not have access to it. GET /v1/models lists what is served here.")
        {
            Param = "model",
            Code = "model_not_found",
        };
}
