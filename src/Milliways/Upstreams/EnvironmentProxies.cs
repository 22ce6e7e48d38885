using System.Net;

namespace Milliways.Upstreams;

/// <summary>
/// The environment's proxies as curl and most clients read them: <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c> (lower case first), <c>ALL_PROXY</c> for either, and
/// <c>NO_PROXY</c> with names, <c>.suffixes</c>, addresses, ranges, or <c>*</c>.
/// </summary>
internal sealed class EnvironmentProxies : IWebProxy
{
    private readonly WebProxy? _http;
    private readonly WebProxy? _https;
    private readonly string[] _not;

    public EnvironmentProxies(Func<string, string?> environment)
    {
        _http = Read("http_proxy") ?? Read("all_proxy");
        _https = Read("https_proxy") ?? Read("all_proxy");
        _not = (Variable("no_proxy") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Credentials = new ByProxy(this);

        string? Variable(string name) => environment(name) is { Length: > 0 } lower ? lower : environment(name.ToUpperInvariant());
        WebProxy? Read(string name) => Variable(name) is { } text && ProxyAddress.TryParse(text, out var proxy) ? proxy : null;
    }

    public bool IsEmpty => _http is null && _https is null;

    public ICredentials? Credentials { get; set; }

    public Uri? GetProxy(Uri destination) => (destination.Scheme == "https" ? _https : _http)?.Address;

    public bool IsBypassed(Uri host) => GetProxy(host) is null || Array.Exists(_not, pattern => Matches(pattern, host.Host));

    private static bool Matches(string pattern, string host)
    {
        if (pattern == "*")
            return true;
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            return IPNetwork.TryParse(pattern, out var range) ? range.Contains(address) : IPAddress.TryParse(pattern, out var one) && one.Equals(address);
        var name = pattern.TrimStart('*').TrimStart('.');
        return host.Equals(name, StringComparison.OrdinalIgnoreCase)
            || (host.EndsWith(name, StringComparison.OrdinalIgnoreCase) && name.Length > 0 && host[host.Length - name.Length - 1] == '.');
    }

    /// <summary>Each proxy has the password that stands in its own address.</summary>
    private sealed class ByProxy(EnvironmentProxies proxies) : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType)
        {
            foreach (var proxy in new[] { proxies._https, proxies._http })
                if (proxy?.Address?.Authority == uri.Authority)
                    return proxy.Credentials?.GetCredential(uri, authType);
            return null;
        }
    }
}
