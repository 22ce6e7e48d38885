using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;
using Milliways.Linux.Sockets;
using Milliways.Upstreams.Connections;
using Milliways.Upstreams.Http1;
using Milliways.Upstreams.Images;
using Milliways.Upstreams.Tenants;

namespace Milliways.Upstreams;

/// <summary>
/// The HTTP clients for the operator's upstreams, one pool for each way of connecting. HTTP/1.1 pooled, no cookies, no redirects, no decompression;
/// an invoker instead of a client, which would cost 3 % and 500 bytes a request.
/// </summary>
internal sealed class UpstreamClients(TimeProvider time, Func<string, string?> environment) : IDisposable
{
    private readonly Dictionary<Way, HttpMessageInvoker> _clients = [];
    private readonly Dictionary<string, TenantClient> _tenants = [];
    private readonly EnvironmentProxies _proxies = new(environment);

    /// <summary>The client for one upstream; upstreams that connect in the same way share one.</summary>
    /// <param name="config">What the operator wrote.</param>
    /// <param name="hosted">True for a service on the internet: see <see cref="Preset.Hosted"/>.</param>
    /// <param name="connect">The bound for name, connection and handshake together.</param>
    public HttpMessageInvoker For(UpstreamConfig config, bool hosted, TimeSpan connect)
    {
        var authorities = config.CaFile is null ? null : Authorities(config.CaFile);
        var way = new Way(hosted, connect, config.MaxConnections, config.Proxy, Digest(authorities));
        if (_clients.TryGetValue(way, out var known))
            return known;
        var connector = new Connector(connect, time);
        var handler = NewHandler();
        handler.ConnectCallback = connector.ConnectAsync;
        handler.ConnectTimeout = Connector.Behind(connect);
        handler.PooledConnectionIdleTimeout = Preset.IdleConnections(hosted);
        handler.MaxConnectionsPerServer = config.MaxConnections ?? int.MaxValue;
        handler.Proxy = config.Proxy is not null && ProxyAddress.TryParse(config.Proxy, out var proxy) ? proxy
            : hosted && !_proxies.IsEmpty ? _proxies
            : null;
        handler.UseProxy = handler.Proxy is not null;
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = CertificateException.Check,
            CertificateChainPolicy = authorities is null ? null : Trusting(authorities),
        };
        return _clients[way] = new HttpMessageInvoker(handler.UseProxy || !KestrelSetup.OwnSockets ? handler : new Http1Handler(handler, connector));
    }

    /// <summary>
    /// Forgets the clients that no upstream of the configuration in effect has; they are the caller's now, to be disposed when the last exchange that
    /// might use them has ended.
    /// </summary>
    public IReadOnlyList<HttpMessageInvoker> Retire(IEnumerable<HttpMessageInvoker> inUse)
    {
        var kept = inUse.ToHashSet();
        var retired = _clients.Where(client => !kept.Contains(client.Value)).ToList();
        retired.ForEach(client => _clients.Remove(client.Key));
        return [.. retired.Select(client => client.Value)];
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

    /// <summary>A client whose every connection goes to one Unix socket; no proxy ever stands between.</summary>
    public static HttpMessageInvoker ForSocket(string path)
    {
        var handler = NewHandler();
        handler.UseProxy = false;
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60);
        handler.ConnectCallback = async (_, cancel) =>
        {
            if (KestrelSetup.OwnSockets)
                return await EventStream.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
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

    /// <summary>The platform's handler. What is sent over HTTP/1.1 without a proxy does not pass it (<see cref="Http1Handler"/>): the same is said there for that.</summary>
    private static SocketsHttpHandler NewHandler() => new()
    {
        PlaintextStreamFilter = static (made, _) =>
        {
            PendingConnection.Of(made.InitialRequestMessage)?.Done();
            var watch = new RequestWatch();
            if (made.PlaintextStream is not EventStream own)
                return ValueTask.FromResult<Stream>(new WatchedStream(made.PlaintextStream, watch));
            own.Watch = watch;
            return ValueTask.FromResult<Stream>(own);
        },
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = HeaderEncoding.Selector,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 64,
        // A whole answer's last bytes are there already and its connection is kept; one that is left in the middle is closed, not read on for
        // the default two seconds while the upstream goes on producing (and billing).
        ResponseDrainTimeout = TimeSpan.FromMilliseconds(50),
        EnableMultipleHttp2Connections = true,
    };

    private static X509Certificate2Collection Authorities(string caFile)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(caFile);
        return authorities;
    }

    private static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static string Digest(X509Certificate2Collection? authorities) =>
        authorities is null ? "" : string.Join(',', authorities.Select(authority => authority.GetCertHashString(HashAlgorithmName.SHA256)));

    /// <summary>Everything in which pools differ. A certificate file that has changed makes another way.</summary>
    private readonly record struct Way(bool Hosted, TimeSpan Connect, int? Connections, string? Proxy, string Authorities);
}
