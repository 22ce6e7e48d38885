using System.Globalization;
using Milliways.Keys;

namespace Milliways.Api;

/// <summary>GET /v1/api-key: facts about the calling key, never the key itself (xai-api 1.9).</summary>
internal static class ApiKeyEndpoint
{
    public static Task HandleAsync(HttpContext http, ApiKey key) => JsonAnswer.WriteAsync(http, ApiKeyFacts.Of(key), ApiJson.Default.ApiKeyFacts);
}

internal sealed record ApiKeyFacts
{
    public static ApiKeyFacts Of(ApiKey key)
    {
        const string Iso = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        var (created, modified) = (key.Created.ToString(Iso, CultureInfo.InvariantCulture), key.Modified.ToString(Iso, CultureInfo.InvariantCulture));
        return new ApiKeyFacts
        {
            RedactedApiKey = key.Redacted,
            // A key that the operator made has no person behind it: it acts for its team.
            UserId = (key.CreatedBy ?? key.Team.Id).ToString("D"),
            ModifiedBy = (key.ModifiedBy ?? key.CreatedBy ?? key.Team.Id).ToString("D"),
            Name = key.Name,
            CreateTime = created,
            ModifyTime = modified,
            TeamId = key.Team.Id.ToString("D"),
            Acls = [.. key.Acls.Texts],
            ApiKeyId = key.Id.ToString("D"),
            TeamBlocked = key.Team.Blocked,
            ApiKeyBlocked = key.Blocked,
            ApiKeyDisabled = key.Disabled,
        };
    }

    public required string RedactedApiKey { get; init; }

    public required string UserId { get; init; }

    public required string Name { get; init; }

    public required string CreateTime { get; init; }

    public required string ModifyTime { get; init; }

    public required string ModifiedBy { get; init; }

    public required string TeamId { get; init; }

    public required string[] Acls { get; init; }

    public required string ApiKeyId { get; init; }

    public bool TeamBlocked { get; init; }

    public bool ApiKeyBlocked { get; init; }

    public bool ApiKeyDisabled { get; init; }
}
