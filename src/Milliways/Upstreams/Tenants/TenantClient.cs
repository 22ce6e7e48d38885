using System.Net;
using System.Net.Sockets;
using Milliways.Upstreams.Connections;

namespace Milliways.Upstreams.Tenants;

/// <summary>Finds the addresses of a name.</summary>
internal delegate Task<IPAddress[]> Resolver(string host, CancellationToken cancel);

/// <summary>
/// The HTTP client for addresses that callers and tenants name (design §4, "Upstream connections"). A name is resolved once, every address it has is
/// checked, and the connection goes to one of exactly those: what a name says a moment later is of no interest. No proxy, which would resolve
/// by itself, no redirects, no cookies.
/// </summary>
internal sealed class TenantClient : IDisposable
{
    private readonly AddressRules _rules;
    private readonly Resolver _resolve;
    private readonly HttpMessageInvoker _client;

    public TenantClient(AddressRules rules, TimeSpan connect, Resolver? resolve = null)
    {
        (_rules, _resolve) = (rules, resolve ?? Dns.GetHostAddressesAsync);
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            RequestHeaderEncodingSelector = HeaderEncoding.Selector,
            ConnectTimeout = connect,
            ConnectCallback = ConnectAsync,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 64,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(50),
        });
    }

    /// <exception cref="HttpRequestException">With a <see cref="ForbiddenAddressException"/> inside when the address may not be called.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel) => _client.SendAsync(request, cancel);

    /// <summary>For upstreams that tenants have added.</summary>
    public HttpMessageInvoker Invoker => _client;

    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await _resolve(host, cancel);
        var isEncrypted = context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps;
        // One forbidden address among them is a name that somebody plays with.
        if (!Array.TrueForAll(addresses, address => _rules.MayConnect(address, isEncrypted)))
            throw new ForbiddenAddressException(host, isEncrypted);

        Exception? last = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception broken)
            {
                socket.Dispose();
                if (broken is not SocketException)
                    throw;
                last = broken;
            }
        }
        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }
}

/// <summary>A name has an address that may not be called for others than the operator.</summary>
internal sealed class ForbiddenAddressException(string host, bool isEncrypted) : IOException($"{host} has an address that may not be called.")
{
    /// <summary>False: the reason may be that the connection would not have been TLS.</summary>
    public bool IsEncrypted => isEncrypted;

    /// <summary>What is wrong with the address, for a sentence that begins with what it is the address of.</summary>
    public string Reason => AddressRules.Refusal(isEncrypted);
}
