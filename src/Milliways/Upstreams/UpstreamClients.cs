using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Milliways.Hosting.Configuration;
using Milliways.Upstreams.Images;
using Milliways.Upstreams.Tenants;

namespace Milliways.Upstreams;

/// <summary>
/// The HTTP clients for the operator's upstreams, one pool for each way of connecting. HTTP/1.1 pooled, no cookies, no redirects, no decompression;
/// an invoker instead of a client, which would cost 3 % and 500 bytes a request.
/// </summary>
/// <param name="time">For what has a time-out of its own.</param>
internal sealed class UpstreamClients(TimeProvider time) : IDisposable
{
    private readonly Dictionary<(bool Hosted, TimeSpan Connect, int? Connections, string? Proxy, string? CaFile), HttpMessageInvoker> _clients = [];
    private readonly Dictionary<string, TenantClient> _tenants = [];

    public HttpMessageInvoker For(UpstreamConfig config, bool hosted, TimeSpan connect)
    {
        var way = (hosted, connect, config.MaxConnections, config.Proxy, config.CaFile);
        if (_clients.TryGetValue(way, out var known))
            return known;
        var handler = NewHandler(connect);
        // Below the server's own idle time-out, so that we and not the server close a connection that is about to be reused.
        handler.PooledConnectionIdleTimeout = hosted ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(4);
        handler.MaxConnectionsPerServer = config.MaxConnections ?? int.MaxValue;
        if (config.Proxy is not null)
            (handler.UseProxy, handler.Proxy) = (true, new WebProxy(config.Proxy));
        else
            handler.UseProxy = hosted; // the environment's proxies
        if (config.CaFile is not null)
            handler.SslOptions = Trusting(config.CaFile);
        return _clients[way] = new HttpMessageInvoker(handler);
    }

    /// <summary>Fetches images by address, for upstreams that do not.</summary>
    /// <param name="allowPrivate"><c>security.allowPrivateUpstreams</c>, checked.</param>
    public ImageFetcher Images(IReadOnlyList<string> allowPrivate)
    {
        var ranges = string.Join(' ', allowPrivate);
        if (!_tenants.TryGetValue(ranges, out var client))
            client = _tenants[ranges] = new TenantClient(new AddressRules(allowPrivate), ImageFetcher.Limit);
        return new ImageFetcher(client, time);
    }

    /// <summary>A client whose every connection goes to one Unix socket.</summary>
    public static HttpMessageInvoker ForSocket(string path)
    {
        var handler = NewHandler(TimeSpan.FromSeconds(5));
        handler.UseProxy = false;
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60);
        handler.ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return new HttpMessageInvoker(handler);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
        foreach (var client in _tenants.Values)
            client.Dispose();
    }

    /// <summary>True for a request that was sent on a connection made for it, false for one on a connection that had been idle.</summary>
    public static bool IsOnNewConnection(HttpRequestMessage request) => request.Options.TryGetValue(NewConnection, out var isNew) && isNew;

    private static readonly HttpRequestOptionsKey<bool> NewConnection = new("new-connection");

    private static SocketsHttpHandler NewHandler(TimeSpan connect) => new()
    {
        PlaintextStreamFilter = static (made, _) =>
        {
            made.InitialRequestMessage.Options.Set(NewConnection, true);
            return ValueTask.FromResult(made.PlaintextStream);
        },
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = connect,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 64,
        // A whole answer's last bytes are there already and its connection is kept; one that is left in the middle is closed, not read on for
        // the default two seconds while the upstream goes on producing (and billing).
        ResponseDrainTimeout = TimeSpan.FromMilliseconds(50),
        EnableMultipleHttp2Connections = true,
    };

    private static SslClientAuthenticationOptions Trusting(string caFile)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(caFile);
        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck }
                .With(authorities),
        };
    }
}

internal static class ChainPolicyExtensions
{
    public static X509ChainPolicy With(this X509ChainPolicy policy, X509Certificate2Collection authorities)
    {
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
