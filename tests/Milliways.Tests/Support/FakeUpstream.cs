using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Milliways.Tests.Support;

/// <summary>What the gateway sent: the head as it came, and the body byte for byte.</summary>
internal sealed record ReceivedRequest(string Head, byte[] Body)
{
    public string Method => Head.Split(' ')[0];

    public string Target => Head.Split(' ')[1];

    public string Text => Encoding.UTF8.GetString(Body);

    public string? Header(string name) => Head.Split("\r\n").Skip(1)
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();
}

/// <summary>
/// An upstream on a real socket that does what a test tells it, request by request: answers, stalls, cuts and lies. Requests without a script of
/// their own get the standing one.
/// </summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<Func<UpstreamTurn, Task>> _scripts = new();
    private readonly ConcurrentQueue<ReceivedRequest> _received = new();
    private readonly Channel<UpstreamTurn> _turns = Channel.CreateUnbounded<UpstreamTurn>();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    private readonly X509Certificate2? _certificate;

    /// <param name="standing">What it does with every request that has no script of its own.</param>
    /// <param name="certificate">Makes it an https server.</param>
    public FakeUpstream(Func<UpstreamTurn, Task>? standing = null, X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        Standing = standing ?? (turn => turn.WholeAsync(Answers.Chat));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"{(_certificate is null ? "http" : "https")}://{_listener.LocalEndpoint}";

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Func<UpstreamTurn, Task> Standing { get; set; }

    public IReadOnlyList<ReceivedRequest> Received => [.. _received];

    public int Connections => _connections.Count;

    public ReceivedRequest Last => Received[^1];

    /// <summary>The script of the next request that has none.</summary>
    public FakeUpstream Then(Func<UpstreamTurn, Task> script)
    {
        _scripts.Enqueue(script);
        return this;
    }

    /// <summary>The next request as it arrives.</summary>
    public Task<UpstreamTurn> ArrivalAsync() => _turns.Reader.ReadAsync().AsTask().Soon();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections).Soon();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_end.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var _ = socket;
        socket.NoDelay = true;
        await using var closing = _end.Token.Register(socket.Close);
        try
        {
            await using var stream = await OpenAsync(socket);
            var reader = PipeReader.Create(stream);
            while (await ReadRequestAsync(reader) is { } request)
            {
                _received.Enqueue(request);
                var turn = new UpstreamTurn(request, socket, stream, reader);
                _turns.Writer.TryWrite(turn);
                await (_scripts.TryDequeue(out var script) ? script : Standing)(turn);
                if (!turn.IsComplete)
                    return; // what was begun and not ended is torn
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or OperationCanceledException or TimeoutException or InvalidOperationException or AuthenticationException)
        {
            // The gateway left or the test ended; the test itself looks at what matters.
        }
    }

    private async Task<Stream> OpenAsync(Socket socket)
    {
        var stream = new NetworkStream(socket);
        if (_certificate is null)
            return stream;
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(_certificate);
        return secure;
    }

    private static async Task<ReceivedRequest?> ReadRequestAsync(PipeReader reader)
    {
        string? head = null;
        var length = 0;
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            if (head is null && Head(buffer) is { } found)
            {
                head = found;
                buffer = buffer.Slice(found.Length);
                var request = new ReceivedRequest(head, []);
                Assert.Null(request.Header("Transfer-Encoding"));
                length = int.Parse(request.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture);
            }
            if (head is not null && buffer.Length >= length)
            {
                var body = buffer.Slice(0, length).ToArray();
                reader.AdvanceTo(buffer.GetPosition(length));
                return new ReceivedRequest(head, body);
            }
            if (read.IsCompleted)
                return null;
            reader.AdvanceTo(buffer.Start, read.Buffer.End);
        }
    }

    private static string? Head(ReadOnlySequence<byte> buffer)
    {
        var text = Encoding.Latin1.GetString(buffer.ToArray());
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end < 0 ? null : text[..(end + 4)];
    }
}

/// <summary>One request at the fake upstream, and everything that can be done to it.</summary>
internal sealed class UpstreamTurn(ReceivedRequest request, Socket socket, Stream stream, PipeReader reader)
{
    private Task? _closed;

    /// <summary>False says in the head that the connection will not be used again.</summary>
    public bool KeepsConnection { get; set; } = true;

    public ReceivedRequest Request => request;

    /// <summary>The answer was ended properly, so that the connection can be used again.</summary>
    public bool IsComplete { get; private set; }

    public Task WholeAsync(string body, int status = 200, string contentType = "application/json", params string[] headers) =>
        WholeAsync(Encoding.UTF8.GetBytes(body), status, contentType, headers);

    public async Task WholeAsync(byte[] body, int status = 200, string contentType = "application/json", params string[] headers)
    {
        var head = Head(status, contentType, [.. headers, .. Closing, $"Content-Length: {body.Length}"]);
        await stream.WriteAsync((byte[])[.. head, .. body]);
        IsComplete = true;
    }

    /// <summary>The head of a chunked answer.</summary>
    public Task BeginAsync(string contentType = "text/event-stream", int status = 200, params string[] headers) =>
        stream.WriteAsync(Head(status, contentType, [.. headers, .. Closing, "Transfer-Encoding: chunked"])).AsTask();

    /// <summary>One chunk in one write.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(byte[] bytes) =>
        stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), .. bytes, .. "\r\n"u8]).AsTask();

    /// <summary>The connection itself, behind an answer that has switched it.</summary>
    public Stream Duplex => stream;

    /// <summary>Bytes as they are, without a chunk around them.</summary>
    public Task RawAsync(string bytes) => stream.WriteAsync(Encoding.UTF8.GetBytes(bytes)).AsTask();

    /// <summary>The proper end of a chunked answer.</summary>
    public async Task EndAsync()
    {
        await RawAsync("0\r\n\r\n");
        IsComplete = true;
    }

    /// <summary>The last chunk and the proper end in one write: whoever has read the one finds the other there.</summary>
    public async Task EndAsync(string last)
    {
        await RawAsync($"{Encoding.UTF8.GetByteCount(last):x}\r\n{last}\r\n0\r\n\r\n");
        IsComplete = true;
    }

    /// <summary>A whole event stream: each text one chunk in one write, then the proper end.</summary>
    public async Task StreamAsync(params string[] chunks)
    {
        await BeginAsync();
        foreach (var chunk in chunks)
            await SendAsync(chunk);
        await EndAsync();
    }

    /// <summary>Ends the connection with RST.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Ends the connection with FIN, whatever was begun.</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Both);

    /// <summary>Completes when the gateway closes the connection.</summary>
    public Task ClosedAsync() => _closed ??= WatchAsync().Soon();

    private string[] Closing => KeepsConnection ? [] : ["Connection: close"];

    private async Task WatchAsync()
    {
        try
        {
            var read = await reader.ReadAsync();
            Assert.True(read.IsCompleted, "The gateway sent more on a connection that was being answered.");
        }
        catch (Exception reset) when (reset is IOException or SocketException or ObjectDisposedException)
        {
        }
    }

    private static byte[] Head(int status, string contentType, string[] headers) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Any\r\nContent-Type: {contentType}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");
}
