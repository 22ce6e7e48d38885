using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.XaiGrpc.Protos;
using ServedKey = Milliways.Keys.ApiKey;

namespace Milliways.Api.Grpc;

/// <summary>Auth.get_api_key_info: what GET /v1/api-key tells (xai-api 1.9, 3.4.4).</summary>
internal static class GrpcApiKey
{
    public static ApiKey Of(ServedKey key)
    {
        var facts = ApiKeyFacts.Of(key);
        var told = new ApiKey
        {
            RedactedApiKey = facts.RedactedApiKey,
            UserId = facts.UserId,
            Name = facts.Name,
            CreateTime = Timestamp.FromDateTimeOffset(key.Created),
            ModifyTime = Timestamp.FromDateTimeOffset(key.Modified),
            ModifiedBy = facts.ModifiedBy,
            TeamId = facts.TeamId,
            ApiKeyId = facts.ApiKeyId,
            ApiKeyBlocked = facts.ApiKeyBlocked,
            TeamBlocked = facts.TeamBlocked,
            Disabled = facts.ApiKeyDisabled,
        };
        told.Acls.AddRange(facts.Acls);
        return told;
    }
}
