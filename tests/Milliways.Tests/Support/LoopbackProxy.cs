using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Milliways.Tests.Support;

/// <summary>
/// A proxy on a real socket: CONNECT makes a tunnel, anything else is forwarded. Whatever host is asked for, it goes to one address, so that names that
/// exist nowhere can be used.
/// </summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _targetPort;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly Task _accepting;

    public LoopbackProxy(string target)
    {
        _targetPort = new Uri(target).Port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>Answers with this line instead of connecting.</summary>
    public string? Refusal { get; init; }

    /// <summary>Asks for a password first.</summary>
    public bool AsksWho { get; init; }

    /// <summary>The heads of what was asked of it.</summary>
    public IReadOnlyList<string> Heads => [.. _heads];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await _listener.AcceptSocketAsync(_end.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
        await Task.WhenAll(open).Soon();
    }

    private async Task ServeAsync(Socket socket)
    {
        using var caller = socket;
        using var target = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await using var closing = _end.Token.Register(() => { caller.Dispose(); target.Dispose(); });
        try
        {
            await using var from = new NetworkStream(caller);
            var head = await HeadAsync(from);
            while (AsksWho && !head.Contains("Proxy-Authorization:", StringComparison.Ordinal))
            {
                var length = Regex.Match(head, @"Content-Length: (\d+)") is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
                await from.ReadExactlyAsync(new byte[length]);
                await from.WriteAsync("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                head = await HeadAsync(from);
            }
            _heads.Enqueue(head);
            if (Refusal is not null)
            {
                await from.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {Refusal}\r\nContent-Length: 0\r\n\r\n"));
                return;
            }
            await target.ConnectAsync(IPAddress.Loopback, _targetPort);
            await using var to = new NetworkStream(target);
            if (head.StartsWith("CONNECT ", StringComparison.Ordinal))
                await from.WriteAsync("HTTP/1.1 200 Connected\r\n\r\n"u8.ToArray());
            else
                await to.WriteAsync(Encoding.Latin1.GetBytes(head));
            await Task.WhenAny(from.CopyToAsync(to), to.CopyToAsync(from));
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }

    private static async Task<string> HeadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!Encoding.Latin1.GetString([.. head]).EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
            head.Add(one[0]);
        return Encoding.Latin1.GetString([.. head]);
    }
}
