using Milliways.Dialects.Chat;
using Milliways.Gateway.Providers;
using Milliways.Gateway.Settings;
using Milliways.Secrets;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>With whose key a provider is called.</summary>
/// <param name="Secret">The stored key; null: the caller's own goes on, the operator's is the upstream's, or there is none.</param>
internal sealed record ChosenCredential(Payment Payment, string? Secret = null);

/// <summary>
/// Which credential a call is made with, in order (cloudflare 3.8): the provider's key in the request; a key that the team has stored; the operator's, on credit.
/// Strangers at an open gateway have their own key or nothing: the operator's and the team's are never used for them.
/// </summary>
internal sealed class CredentialChoice(GatewayStore gateways, SecretBox secrets)
{
    public Reading<ChosenCredential> Choose(GatewayCall call, ProviderTarget target)
    {
        var upstream = target.Configured;
        if (upstream is not null && NeedsNoKey(upstream))
            return new ChosenCredential(Payment.Credits); // a key that nobody looks at pays for nothing
        if (call.Credentials.HasProviderKey)
            return new ChosenCredential(Payment.OwnKey);
        if (!call.IsStranger)
        {
            var stored = Stored(call, target.Slug);
            if (!stored.IsOk)
                return stored.Failure;
            if (stored.Value.Payment == Payment.StoredKey)
                return stored;
        }
        if (call.IsStranger)
            return GatewayErrors.NotAuthorizedFailure;
        if (MustBringKey(call) && target.Custom is null)
            return NoKey(target.Slug);
        return new ChosenCredential(upstream is not null ? Payment.Credits : Payment.Keyless);
    }

    /// <summary>The gateway or the request forbids the operator's keys.</summary>
    public static bool MustBringKey(GatewayCall call) => call.Settings is { ByokOnly: true } || call.Headers.NoWholesale;

    /// <summary>
    /// A server of the operator's own that asks nobody for a key: it is called for strangers too, as an open gateway is meant, and whatever a caller sends as a key,
    /// it is the operator who is to be paid. A hosted provider whose upstream has no key takes its callers' keys.
    /// </summary>
    public static bool NeedsNoKey(Upstream upstream) =>
        upstream.IsEngine || (upstream.ApiKey is null && upstream.Headers.Count == 0 && (upstream.IsOwn || upstream.Preset is null or { Hosted: false }));

    public static Failure NoKey(string slug) => GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoCredits,
        $"The key of this server's operator is not used for this request: send a key of {slug} with it, or store one with milliways gateways keys add --provider {slug}.");

    private Reading<ChosenCredential> Stored(GatewayCall call, string slug)
    {
        var keys = gateways.KeysOf(call.Path.Account, call.Path.Gateway, slug);
        var alias = call.Headers.ByokAlias;
        var key = alias is null
            ? keys.FirstOrDefault(key => key.IsDefault) ?? keys.FirstOrDefault(key => key.Alias == StoredKey.DefaultAlias)
            : keys.FirstOrDefault(key => key.Alias == alias);
        if (key is not null)
            return new ChosenCredential(Payment.StoredKey, secrets.Open(key.Secret, key.Context));
        return alias is null
            ? new ChosenCredential(Payment.None)
            : GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoSuchAlias,
                $"Provider '{slug}' has no BYOK credential named '{alias}'. Configured aliases: {string.Join(", ", keys.Select(one => $"'{one.Alias}'"))}");
    }
}
