using System.Net;

namespace Milliways.Hosting;

/// <summary>One address to listen on.</summary>
/// <param name="Host">An IP address without brackets, <c>localhost</c>, or <c>*</c>.</param>
/// <param name="Port">0: a free one.</param>
/// <param name="IsTls">https.</param>
internal sealed record ListenAddress(string Host, int Port, bool IsTls)
{
    public bool IsEverywhere => Host is "*" or "+";

    public bool IsLocalhost => Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    public IPAddress? Ip => IPAddress.TryParse(Host, out var ip) ? ip : null;

    /// <summary>True when only programs on this machine can reach it.</summary>
    public bool IsLoopback => IsLocalhost || (Ip is { } ip && IPAddress.IsLoopback(ip));
}

/// <summary>All of a server.</summary>
/// <param name="Http">Of REST; with TLS of gRPC too.</param>
/// <param name="Grpc">Of gRPC alone.</param>
internal sealed record ListenPorts(List<ListenAddress> Http, List<ListenAddress> Grpc)
{
    public IEnumerable<ListenAddress> All => Http.Concat(Grpc);

    /// <summary>gRPC is spoken somewhere.</summary>
    public bool HaveGrpc => Grpc.Count > 0 || Http.Exists(address => address.IsTls);
}

/// <summary>
/// The addresses of <c>--urls</c> and <c>--grpc-urls</c>, checked before anything is made: Kestrel takes a host name it does not know for "every interface",
/// which nobody who writes a name means.
/// </summary>
internal static class ListenUrls
{
    /// <summary>Both loopback addresses: clients that are told <c>localhost</c> try either first.</summary>
    private const string Both = "http://localhost:4243";

    /// <exception cref="UserErrorException">An address that cannot be listened on.</exception>
    /// <param name="urls">Separated by semicolons.</param>
    /// <param name="hasCertificate">There is one for https.</param>
    public static List<ListenAddress> Http(string urls, bool hasCertificate) =>
        Split(urls) is { Length: > 0 } all ? [.. all.Select(url => Parse("--urls", url, hasCertificate))] : throw Wrong("--urls", "is empty", urls);

    /// <summary>Empty, or <c>none</c>: gRPC has no port of its own.</summary>
    /// <exception cref="UserErrorException">An address that cannot be listened on.</exception>
    public static List<ListenAddress> Grpc(string? urls, bool hasCertificate)
    {
        var all = Split(urls ?? "");
        return all is ["none"] ? [] : [.. all.Select(url => Parse("--grpc-urls", url == ServeOptions.DefaultGrpcUrls ? Both : url, hasCertificate))];
    }

    private static ListenAddress Parse(string option, string url, bool hasCertificate)
    {
        var address = Parse(option, url);
        var isTls = address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase);
        if (!isTls && !address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
            throw Wrong(option, "is no address to listen on", url);
        if (isTls && !hasCertificate)
            throw new UserErrorException($"{option} {url}: https needs a certificate: set tls.certificate and tls.key in milliways.json.", ExitCode.Usage);
        var listen = new ListenAddress(address.Host.Trim('[', ']'), address.Port, isTls);
        if (address.Port is < 0 or > 65535 || address.PathBase.Length > 0 || !(listen.IsEverywhere || listen.IsLocalhost || listen.Ip is not null))
            throw Wrong(option, "is no address to listen on", url);
        return listen.IsLocalhost && listen.Port == 0
            ? throw new UserErrorException($"{option} {url}: a free port of localhost would be another one for IPv4 and for IPv6: write http://127.0.0.1:0 or http://[::1]:0.", ExitCode.Usage)
            : listen;
    }

    private static string[] Split(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static BindingAddress Parse(string option, string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            throw Wrong(option, "is no address to listen on", url);
        }
    }

    private static UserErrorException Wrong(string option, string what, string url) =>
        new($"{option} \"{url}\" {what}: write http://ADDRESS:PORT with an IP address, localhost, or * for every interface.", ExitCode.Usage);
}
