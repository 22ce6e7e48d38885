using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Milliways.Tests.Support;

/// <summary>How a message ended on the wire.</summary>
internal enum WireEnd
{
    /// <summary>The last chunk or the announced length: a client takes it for the whole answer.</summary>
    Proper,

    /// <summary>The connection closed before that.</summary>
    Torn,

    /// <summary>The connection was reset before that.</summary>
    Reset,
}

internal sealed record RawHead(int Status, string Text)
{
    public string? Header(string name) => Text.Split("\r\n").Skip(1)
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();
}

/// <summary>A client on a bare socket: it sees the bytes, the chunks, and how a message ended.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly TestServer _server;
    private byte[] _unread = [];
    private long? _left;
    private bool _chunked;
    private string _events = "";

    private RawClient(TestServer server) => _server = server;

    /// <summary>Set when the message has ended.</summary>
    public WireEnd? End { get; private set; }

    public static async Task<RawClient> ConnectAsync(TestServer server, int? receiveBuffer = null)
    {
        var client = new RawClient(server);
        if (receiveBuffer is { } size)
            client._socket.ReceiveBufferSize = size;
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port));
        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
            at += await _socket.SendAsync(bytes.AsMemory(at)).AsTask().Soon();
    }

    /// <summary>Posts JSON with the server's first key, which a header of one's own replaces.</summary>
    public Task PostAsync(string path, string json, params string[] headers) => PostAsync(path, Encoding.UTF8.GetBytes(json), headers);

    public Task PostAsync(string path, byte[] json, params string[] headers)
    {
        var own = headers.Any(header => header.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase) || header.StartsWith("x-api-key:", StringComparison.OrdinalIgnoreCase));
        var head = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{_server.Port}\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n"
            + (own ? "" : $"Authorization: Bearer {_server.Key}\r\n") + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";
        return SendAsync([.. Encoding.UTF8.GetBytes(head), .. json]);
    }

    public async Task<RawHead> HeadAsync()
    {
        int end;
        while ((end = _unread.AsSpan().IndexOf("\r\n\r\n"u8)) < 0)
            Assert.True(await MoreAsync(), $"The connection ended before the head did: {Encoding.UTF8.GetString(_unread)}");
        var text = Encoding.Latin1.GetString(_unread, 0, end);
        _unread = _unread[(end + 4)..];
        var head = new RawHead(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text);
        _chunked = head.Header("Transfer-Encoding") == "chunked";
        _left = head.Header("Content-Length") is { } length ? long.Parse(length, CultureInfo.InvariantCulture) : null;
        (End, _events) = (null, "");
        return head;
    }

    /// <summary>The next chunk, or null when the message has ended; <see cref="End"/> then says how.</summary>
    public async Task<byte[]?> ChunkAsync()
    {
        if (End is not null)
            return null;
        Assert.True(_chunked, "The answer is not chunked.");
        int line;
        while ((line = _unread.AsSpan().IndexOf("\r\n"u8)) < 0)
            if (!await MoreAsync())
                return null;
        var size = int.Parse(Encoding.ASCII.GetString(_unread, 0, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        while (_unread.Length < line + 2 + size + 2)
            if (!await MoreAsync())
                return null;
        var chunk = _unread.AsSpan(line + 2, size).ToArray();
        _unread = _unread[(line + 2 + size + 2)..];
        if (size > 0)
            return chunk;
        End = WireEnd.Proper;
        return null;
    }

    /// <summary>The next event of a stream, blank line included, or null at the end.</summary>
    public async Task<string?> EventAsync()
    {
        int end;
        while ((end = _events.IndexOf("\n\n", StringComparison.Ordinal)) < 0)
        {
            if (await ChunkAsync() is not { } chunk)
                return _events.Length == 0 ? null : throw new InvalidOperationException($"Half an event was sent: {_events}");
            _events += Encoding.UTF8.GetString(chunk);
        }
        var one = _events[..(end + 2)];
        _events = _events[(end + 2)..];
        return one;
    }

    /// <summary>Everything to the end of the message.</summary>
    public async Task<byte[]> RestAsync()
    {
        var all = new List<byte>(Encoding.UTF8.GetBytes(_events));
        _events = "";
        if (_chunked)
        {
            while (await ChunkAsync() is { } chunk)
                all.AddRange(chunk);
            return [.. all];
        }
        while (_unread.Length < _left)
            if (!await MoreAsync())
                return _unread;
        End = WireEnd.Proper;
        var body = _unread.AsSpan(0, (int)_left!.Value).ToArray();
        _unread = _unread[(int)_left.Value..];
        return body;
    }

    public async Task<string> RestTextAsync() => Encoding.UTF8.GetString(await RestAsync());

    /// <summary>Completes when the server closes the connection; what still comes is read and dropped.</summary>
    public async Task ClosedAsync()
    {
        while (await MoreAsync())
            _unread = [];
    }

    /// <summary>Leaves without a word.</summary>
    public void Leave() => _socket.Close();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> MoreAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            var read = await _socket.ReceiveAsync(buffer).Soon();
            if (read == 0)
                End ??= WireEnd.Torn;
            _unread = [.. _unread, .. buffer.AsSpan(0, read)];
            return read > 0;
        }
        catch (SocketException)
        {
            End ??= WireEnd.Reset;
            return false;
        }
    }
}
