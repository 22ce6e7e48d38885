using Milliways.Dialects.Chat;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary><c>x-fal-target-url</c>, which replaces the whole address of a call to fal (cloudflare 1.3), and leads to fal's own hosts only: the key goes there.</summary>
internal static class FalTarget
{
    public const string Header = "x-fal-target-url";

    private static readonly string[] Domains = ["fal.run", "fal.ai"];

    /// <summary>Null when the request names none.</summary>
    public static Reading<Uri>? Of(IHeaderDictionary headers)
    {
        if (!headers.TryGetValue(Header, out var given) || given.ToString() is not { Length: > 0 } text)
            return null;
        if (!UpstreamAddress.TryParse(text, out var address) || !Uri.TryCreate(address.Origin, default(UriCreationOptions), out var origin) || origin.Scheme != Uri.UriSchemeHttps
            || origin.UserInfo.Length > 0 || !origin.IsDefaultPort || !Array.Exists(Domains, domain => origin.Host == domain || origin.Host.EndsWith("." + domain, StringComparison.Ordinal)))
            return (Reading<Uri>)GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoGateway, $"{Header} must be an https address of fal's, such as https://queue.fal.run/fal-ai/fast-sdxl.");
        return (Reading<Uri>)address.At("");
    }
}
