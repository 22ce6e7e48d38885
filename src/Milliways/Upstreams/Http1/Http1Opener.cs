using System.Net;
using System.Net.Security;
using Milliways.Linux.Sockets;
using Milliways.Upstreams.Connections;

namespace Milliways.Upstreams.Http1;

/// <summary>Makes connections: TCP, and TLS over it where the address wants that.</summary>
internal sealed class Http1Opener(Connector connector, SslClientAuthenticationOptions tls)
{
    /// <exception cref="HttpRequestException">There is none; <see cref="ConnectException.Of"/> says why.</exception>
    public async ValueTask<Http1Connection> OpenAsync(Http1Pool pool, HttpRequestMessage request, CancellationToken cancel)
    {
        var address = request.RequestUri!;
        var transport = (EventStream)await connector.ConnectAsync(request, new DnsEndPoint(address.IdnHost, address.Port), isProxy: false, cancel);
        return new Http1Connection(pool, transport, address.Scheme == Uri.UriSchemeHttps ? await HandshakeAsync(transport, request, cancel) : transport);
    }

    /// <exception cref="HttpRequestException">It failed, or took too long (<see cref="PendingConnection.IsLate"/>).</exception>
    private async ValueTask<Stream> HandshakeAsync(EventStream transport, HttpRequestMessage request, CancellationToken cancel)
    {
        var stream = new SslStream(transport);
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = request.RequestUri!.IdnHost,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    RemoteCertificateValidationCallback = tls.RemoteCertificateValidationCallback,
                    CertificateChainPolicy = tls.CertificateChainPolicy,
                },
                cancel);
            PendingConnection.Of(request)?.Done();
            return stream;
        }
        catch (Exception broken)
        {
            await stream.DisposeAsync();
            if (broken is OperationCanceledException && cancel.IsCancellationRequested)
                throw;
            throw new HttpRequestException(HttpRequestError.SecureConnectionError, "The TLS handshake failed.", broken);
        }
    }
}
