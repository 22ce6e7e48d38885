using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Credentials;
using Milliways.Gateway.Providers;

namespace Milliways.Gateway.Calls;

/// <summary>What a call is made with.</summary>
/// <param name="Key">The header, or none.</param>
internal sealed record CallCredential(CallKey Key)
{
    /// <summary>Signs each request; null: the header is all.</summary>
    public IRequestSigner? Signer { get; init; }

    /// <summary>What compat's calls are put behind with this key; null: what the table says.</summary>
    public string? ChatBase { get; init; }
}

/// <summary>Makes of a key what its provider wants to see of it (cloudflare 3.8).</summary>
internal sealed class CallCredentials(ServiceAccountTokens tokens, TimeProvider time)
{
    /// <summary>A key of the caller's own that is not passed on as it came: a service account's (cloudflare 1.3).</summary>
    public static string? OwnAccount(GatewayCall call, ProviderTarget target) =>
        target.Row?.KeyForm == KeyForm.ServiceAccount && ProviderKeys.OwnSecret(call.Head) is { } own && ServiceAccount.Read(own) is not null ? own : null;

    /// <param name="target">Whose key it is.</param>
    /// <param name="secret">The stored key, or the caller's own.</param>
    /// <param name="rest">The path at the provider; null: it is compat's.</param>
    /// <param name="cancel">Ends the waiting for a token.</param>
    public async ValueTask<Reading<CallCredential>> OfAsync(ProviderTarget target, string secret, string? rest, CancellationToken cancel) => target.Row?.KeyForm switch
    {
        KeyForm.Aws when AwsKey.Read(secret) is { } key => key.IsOk ? Signed(key.Value, rest) : key.Failure,
        KeyForm.ServiceAccount when ServiceAccount.Read(secret) is { } account => account.IsOk ? await TokenAsync(account.Value, cancel) : account.Failure,
        _ => new CallCredential(ProviderKeys.HeaderOf(target, secret)),
    };

    private CallCredential Signed(AwsKey key, string? rest)
    {
        var (region, service) = rest is null ? (key.Region ?? AwsKey.UsualRegion, AwsSigner.Runtime) : MappedProviders.BedrockScope(rest);
        return new CallCredential(CallKey.None) { Signer = new AwsSigner(key, region, service, time), ChatBase = $"https://bedrock-runtime.{region}.amazonaws.com/openai/v1" };
    }

    private async Task<Reading<CallCredential>> TokenAsync(ServiceAccount account, CancellationToken cancel)
    {
        var token = await tokens.OfAsync(account, cancel);
        if (!token.IsOk)
            return token.Failure;
        var region = account.Region ?? ServiceAccount.UsualRegion;
        return new CallCredential(new CallKey("Authorization", "Bearer " + token.Value))
        {
            ChatBase = account.Project is null ? null : $"{MappedProviders.VertexHost(region)}/v1/projects/{account.Project}/locations/{region}/endpoints/openapi",
        };
    }
}
