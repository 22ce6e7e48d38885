using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Milliways.Upstreams;

/// <summary>The address of a proxy as operators and the environment write it: <c>http://user:password@host:port</c>, or only <c>host:port</c>.</summary>
internal static class ProxyAddress
{
    public static bool TryParse(string text, [NotNullWhen(true)] out WebProxy? proxy)
    {
        proxy = null;
        var address = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        UriCreationOptions canonical = default;
        if (!Uri.TryCreate(address, in canonical, out var uri) || uri.Scheme is not ("http" or "https" or "socks4" or "socks4a" or "socks5") || uri.Host.Length == 0)
            return false;
        proxy = new WebProxy(uri);
        var (user, password) = Split(uri.UserInfo);
        if (user.Length > 0)
            proxy.Credentials = new NetworkCredential(user, password);
        return true;
    }

    /// <summary>The text without what stands before the host: it may be a password.</summary>
    public static string WithoutPassword(string text)
    {
        var at = text.LastIndexOf('@');
        var start = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        return at > start ? text[..start] + text[(at + 1)..] : text;
    }

    private static (string User, string Password) Split(string userInfo)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (Uri.UnescapeDataString(userInfo), "") : (Uri.UnescapeDataString(userInfo[..colon]), Uri.UnescapeDataString(userInfo[(colon + 1)..]));
    }
}
