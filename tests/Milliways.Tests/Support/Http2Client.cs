using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Milliways.Tests.Support;

/// <summary>What came on one stream, as it came.</summary>
internal sealed class Http2Answer
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _fed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<(string Name, string Value)> Head { get; private set; } = [];

    public List<(string Name, string Value)> Trailers { get; private set; } = [];

    public List<byte> Body { get; } = [];

    /// <summary>The code of a RST_STREAM that came, be it behind the end.</summary>
    public int? Reset { get; set; }

    /// <summary>END_STREAM, a reset, or the end of the connection.</summary>
    public Task EndedAsync() => _ended.Task.Soon();

    /// <summary>Something of the body has come, or the end.</summary>
    public Task BodyAsync() => _fed.Task.Soon();

    public void Feed(byte[] bytes)
    {
        Body.AddRange(bytes);
        _fed.TrySetResult();
    }

    /// <summary>A head has come, or the end.</summary>
    public Task BegunAsync() => _begun.Task.Soon();

    public bool HasEnded => _ended.Task.IsCompleted;

    /// <summary>From the trailers, or from a head that is both.</summary>
    public string? Header(string name) => Trailers.Concat(Head).Where(one => one.Name == name).Select(one => one.Value).FirstOrDefault();

    public string? Status => Header("grpc-status");

    public string Message => Uri.UnescapeDataString(Header("grpc-message") ?? "");

    public void Headers(List<(string Name, string Value)> headers)
    {
        if (Head.Count == 0)
            Head = headers;
        else
            Trailers = headers;
        _begun.TrySetResult();
    }

    public void End()
    {
        _begun.TrySetResult();
        _fed.TrySetResult();
        _ended.TrySetResult();
    }
}

/// <summary>A client of HTTP/2 in frames, for what libraries never send. It acknowledges settings and pings and opens windows; everything else is the test's.</summary>
internal sealed class Http2Client : IAsyncDisposable
{
    public const byte Data = 0, HeadersFrame = 1, RstStream = 3, Settings = 4, PingFrame = 6, GoAwayFrame = 7, WindowUpdate = 8;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Stream _stream;
    private readonly ConcurrentDictionary<int, Http2Answer> _answers = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly TaskCompletionSource<int> _goAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TestServer _server;
    private readonly TaskCompletionSource _pinged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _pong = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private int _next = 1;

    private Http2Client(TestServer server, Socket socket, Stream stream) => (_server, _socket, _stream) = (server, socket, stream);

    /// <summary>False: what comes is taken from the socket and nothing more is asked for, as by a caller that does not read.</summary>
    public bool OpensWindows { get; init; } = true;

    /// <summary>The last stream that the server has taken, once it says that it takes no more.</summary>
    public Task<int> GoAwayAsync() => _goAway.Task.Soon();

    /// <summary>The server has asked whether this side is alive.</summary>
    public Task PingedAsync() => _pinged.Task.Soon();

    /// <summary>The server has closed the connection.</summary>
    public Task ClosedAsync() => _reading.Soon();

    /// <param name="window">Bytes that the server may send on a stream before it is given more.</param>
    public static async Task<Http2Client> ConnectAsync(TestServer server, int window = 1 << 20, int? port = null, bool reads = true)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port ?? new Uri(server.Grpc).Port);
        var client = new Http2Client(server, socket, new NetworkStream(socket)) { OpensWindows = reads };
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await client.FrameAsync(Settings, 0, 0, [.. Setting(1, 0), .. Setting(4, window)]);
        client._reading = client.ReadAsync();
        return client;
    }

    /// <summary>Opens a stream with the head of a call.</summary>
    public async Task<int> CallAsync(string path, bool end = false, params (string Name, string Value)[] more)
    {
        var headers = new List<(string Name, string Value)>
        {
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", new Uri(_server.Grpc).Authority), ("content-type", "application/grpc"), ("te", "trailers"),
        };
        if (!more.Any(one => one.Name == "authorization"))
            headers.Add(("authorization", "Bearer " + _server.Key));
        foreach (var (name, value) in more)
        {
            headers.RemoveAll(one => one.Name == name);
            if (value.Length > 0)
            {
                if (name.StartsWith(':'))
                    headers.Insert(0, (name, value));
                else
                    headers.Add((name, value));
            }
        }
        var id = _next;
        _next += 2;
        _answers[id] = new Http2Answer();
        await FrameAsync(HeadersFrame, (byte)(4 | (end ? 1 : 0)), id, HeaderBlock.Write(headers));
        return id;
    }

    public Http2Answer On(int stream) => _answers[stream];

    /// <summary>The whole answer on a stream.</summary>
    public async Task<Http2Answer> AnswerAsync(int stream)
    {
        await _answers[stream].EndedAsync();
        return _answers[stream];
    }

    public Task DataAsync(int stream, byte[] bytes, bool end = false) => FrameAsync(Data, (byte)(end ? 1 : 0), stream, bytes);

    public Task ResetAsync(int stream, int code = 8)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, code);
        return FrameAsync(RstStream, 0, stream, payload);
    }

    /// <summary>A ping, and its answer.</summary>
    public async Task PingAsync()
    {
        _pong = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await FrameAsync(PingFrame, 0, 0, new byte[8]);
        await _pong.Task.Soon();
    }

    public async Task FrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _one.WaitAsync();
        try
        {
            await _stream.WriteAsync(frame).AsTask().Soon();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A message with its head; the head may lie.</summary>
    public static byte[] Message(byte[] message, byte flag = 0, int? length = null)
    {
        var framed = new byte[5 + message.Length];
        framed[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), length ?? message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Close();
        await _reading.Soon();
        _one.Dispose();
        await _stream.DisposeAsync();
    }

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var head = new byte[9];
            while (true)
            {
                await _stream.ReadExactlyAsync(head);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await _stream.ReadExactlyAsync(payload);
                var id = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue;
                Take(head[3], head[4], id, payload);
                try
                {
                    await RespondAsync(head[3], head[4], id, payload);
                }
                catch (Exception deaf) when (deaf is IOException or ObjectDisposedException)
                {
                    // The server has closed; what it sent before is still to be read.
                }
            }
        }
        catch (Exception over) when (over is IOException or EndOfStreamException or SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            foreach (var answer in _answers.Values)
                answer.End();
            _goAway.TrySetResult(-1);
        }
    }

    private void Take(byte type, byte flags, int id, byte[] payload)
    {
        var answer = _answers.GetValueOrDefault(id);
        switch (type)
        {
            case Data:
                answer?.Feed(payload);
                break;
            case HeadersFrame:
                Assert.Equal(4, flags & 4); // in one frame
                answer?.Headers(HeaderBlock.Read(payload));
                break;
            case RstStream:
                answer!.Reset = BinaryPrimitives.ReadInt32BigEndian(payload);
                answer.End();
                return;
            case PingFrame when (flags & 1) != 0:
                _pong.TrySetResult();
                return;
            case PingFrame:
                _pinged.TrySetResult();
                return;
            case GoAwayFrame:
                _goAway.TrySetResult(BinaryPrimitives.ReadInt32BigEndian(payload));
                return;
        }
        if (type is Data or HeadersFrame && (flags & 1) != 0)
            answer?.End();
    }

    private async Task RespondAsync(byte type, byte flags, int id, byte[] payload)
    {
        if (type is Settings or PingFrame && (flags & 1) == 0)
            await FrameAsync(type, 1, 0, type == PingFrame ? payload : []);
        if (type != Data || payload.Length == 0 || !OpensWindows)
            return;
        var more = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(more, payload.Length);
        await FrameAsync(WindowUpdate, 0, 0, more);
        if ((flags & 1) == 0)
            await FrameAsync(WindowUpdate, 0, id, more);
    }

    private static byte[] Setting(int name, int value)
    {
        var setting = new byte[6];
        BinaryPrimitives.WriteInt16BigEndian(setting, (short)name);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), value);
        return setting;
    }

    /// <summary>The answer's messages, each without its head.</summary>
    public static List<byte[]> Messages(Http2Answer answer)
    {
        var bytes = answer.Body.ToArray().AsSpan();
        var messages = new List<byte[]>();
        while (!bytes.IsEmpty)
        {
            Assert.Equal(0, bytes[0]);
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[1..]);
            messages.Add(bytes.Slice(5, length).ToArray());
            bytes = bytes[(5 + length)..];
        }
        return messages;
    }

    /// <summary>What a server says to bytes that are no frames.</summary>
    public static async Task<string> SayAsync(int port, string text)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        using var heard = new MemoryStream();
        await stream.CopyToAsync(heard).Soon();
        return Encoding.Latin1.GetString(heard.ToArray());
    }
}
