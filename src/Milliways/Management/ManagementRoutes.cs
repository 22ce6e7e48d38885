using Milliways.Api;

namespace Milliways.Management;

/// <summary>The paths of xAI's management API, below /management instead of on a host of their own (xai-api 2).</summary>
internal sealed class ManagementRoutes(ManagementFront front, ApiKeyPaths keys, TeamPaths teams)
{
    public IEnumerable<ApiRoute> All() =>
    [
        front.Route("POST", "/management/auth/teams/{teamId}/api-keys", "Makes an API key; its text is in this answer only", keys.Create),
        front.Route("GET", "/management/auth/teams/{teamId}/api-keys", "The team's API keys, page by page", keys.List),
        front.Route("PUT", "/management/auth/api-keys/{apiKeyId}", "Changes what fieldMask names", keys.Update),
        front.Route("DELETE", "/management/auth/api-keys/{apiKeyId}", "Deletes an API key: it is refused at once", keys.Delete),
        front.Route("POST", "/management/auth/api-keys/{apiKeyId}/rotate", "Gives a key another text; the old one works for a while", keys.Rotate),
        front.Route("GET", "/management/auth/api-keys/{apiKeyId}/propagation", "Where a key's changes are in effect", keys.Propagation),
        front.Route("GET", "/management/auth/teams/{teamId}/models", "The models that the team can use", teams.Models),
        front.Route("GET", "/management/auth/teams/{teamId}/endpoints", "The ACLs that keys can have", teams.Endpoints),
        front.Route("GET", "/management/auth/management-keys/validation", "Facts about the calling management key", TeamPaths.Validate),
        front.Route("GET", "/management/audit/teams/{teamId}/events", "Who changed what, the newest first", teams.Audit),
    ];
}
