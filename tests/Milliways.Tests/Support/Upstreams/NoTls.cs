using System.Net;
using System.Net.Sockets;

namespace Milliways.Tests.Support.Upstreams;

/// <summary>An https address behind which somebody speaks plain HTTP.</summary>
internal sealed class NoTls : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public NoTls()
    {
        _listener.Start();
        _ = AnswerAsync();
    }

    public string Url => $"https://{_listener.LocalEndpoint}";

    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or IOException)
        {
        }
    }
}
