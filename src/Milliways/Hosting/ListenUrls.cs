using System.Net;

namespace Milliways.Hosting;

/// <summary>
/// The addresses of <c>--urls</c>, checked before anything is made: Kestrel takes a host name it does not know for "every interface", which nobody who
/// writes a name means.
/// </summary>
internal static class ListenUrls
{
    /// <exception cref="UserErrorException">An address that cannot be listened on.</exception>
    public static void Check(string urls)
    {
        var all = Split(urls);
        if (all.Length == 0)
            throw Wrong("is empty", urls);
        foreach (var url in all)
        {
            var address = Parse(url);
            if (!address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
                throw new UserErrorException($"--urls {url}: this version listens on http only; put a TLS proxy in front for anything but loopback.", ExitCode.Usage);
            if (address.Port is < 0 or > 65535 || address.PathBase.Length > 0 || !(IsEverywhere(address.Host) || IsLocalhost(address.Host) || IsIp(address.Host)))
                throw Wrong("is no address to listen on", url);
        }
    }

    /// <summary>True when only programs on this machine can reach the server.</summary>
    public static bool AreLoopback(string urls) => Split(urls).All(url => Parse(url).Host is var host
        && (IsLocalhost(host) || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip))));

    private static string[] Split(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static BindingAddress Parse(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            throw Wrong("is no address to listen on", url);
        }
    }

    private static bool IsEverywhere(string host) => host is "*" or "+";

    private static bool IsLocalhost(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    private static bool IsIp(string host) => IPAddress.TryParse(host.Trim('[', ']'), out _);

    private static UserErrorException Wrong(string what, string url) =>
        new($"--urls \"{url}\" {what}: write http://ADDRESS:PORT with an IP address, localhost, or * for every interface.", ExitCode.Usage);
}
