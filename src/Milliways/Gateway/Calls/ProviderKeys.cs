using Milliways.Exchanges;
using Milliways.Gateway.Providers;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>In which header a provider wants its key.</summary>
internal static class ProviderKeys
{
    private static readonly string[] Headers = ["Authorization", "x-api-key", "x-goog-api-key", "api-key", "xi-api-key"];

    public static CallKey HeaderOf(ProviderTarget target, string secret)
    {
        // An upstream made of a preset knows its provider's way, which may be another door than the table's.
        if (target.Row is { } row && target.Configured?.Preset is null)
            return new CallKey(row.Key.Header, row.Key.Scheme + secret);
        return target.Configured?.Auth switch
        {
            AuthStyle.XApiKey => new CallKey("x-api-key", secret),
            AuthStyle.ApiKey => new CallKey("api-key", secret),
            AuthStyle.XGoogApiKey => new CallKey("x-goog-api-key", secret),
            _ => new CallKey("Authorization", "Bearer " + secret),
        };
    }

    /// <summary>The provider's key that the caller sent, without its scheme, for a call that crosses into the provider's own dialect.</summary>
    public static string? OwnSecret(IHeaderDictionary headers)
    {
        foreach (var name in Headers)
            if (headers.TryGetValue(name, out var value) && CallerCredentials.NotEmpty(value.ToString()) is { } secret && !KeyText.IsOurs(secret))
                return secret;
        return null;
    }
}
