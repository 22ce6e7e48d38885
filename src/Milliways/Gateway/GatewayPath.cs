using Milliways.Gateway.Providers;
using Milliways.Gateway.Settings;

namespace Milliways.Gateway;

/// <summary>
/// <c>/v1/{account}/{gateway}/...</c>, Cloudflare's layout. An account is exactly 32 hex digits, so that no path of xAI's API is taken for one.
/// </summary>
internal readonly record struct GatewayPath(string Account, string Gateway, string Rest)
{
    private const int AccountLength = 32;

    /// <summary>An account with nothing behind it: a gateway address that is not complete.</summary>
    public static bool HasNoGateway(string path) =>
        path.StartsWith("/v1/", StringComparison.Ordinal) && path.Length == 4 + AccountLength && path.AsSpan(4).IndexOfAnyExcept("0123456789abcdefABCDEF") < 0;

    /// <summary>True for a path of nobody's that names a provider where a gateway's would: its account is no account.</summary>
    public static bool HasNoAccount(string path) =>
        path.Split('/') is ["", "v1", { Length: > 0 }, { Length: > 0 }, var slug, ..]
        && (slug == GatewayRoutes.Compat || slug.StartsWith(CustomProvider.Prefix, StringComparison.Ordinal) || ProviderTable.Find(slug) is not null);

    public static bool TryParse(string path, out GatewayPath parsed)
    {
        parsed = default;
        if (!path.StartsWith("/v1/", StringComparison.Ordinal) || path.Length < 4 + AccountLength + 1 || path[4 + AccountLength] != '/')
            return false;
        var account = path.Substring(4, AccountLength);
        if (account.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF") >= 0)
            return false;
        var from = 4 + AccountLength + 1;
        var slash = path.IndexOf('/', from);
        parsed = slash < 0
            ? new GatewayPath(account, path[from..], "")
            : new GatewayPath(account, path[from..slash], path[slash..]);
        return parsed.Gateway.Length > 0;
    }
}
