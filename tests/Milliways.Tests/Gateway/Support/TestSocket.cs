using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway.Support;

/// <summary>A client's side of a WebSocket at a server under test.</summary>
internal sealed class TestSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();

    public string? Protocol => _socket.SubProtocol;

    public WebSocketCloseStatus? Closed => _socket.CloseStatus;

    public static async Task<TestSocket> OpenAsync(TestServer server, string path, Action<ClientWebSocketOptions>? options = null)
    {
        var socket = new TestSocket();
        socket._socket.Options.CollectHttpResponseDetails = true;
        options?.Invoke(socket._socket.Options);
        await socket._socket.ConnectAsync(new Uri($"ws://127.0.0.1:{server.Port}{path}"), CancellationToken.None).Soon();
        return socket;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendAsync(byte[] message, WebSocketMessageType type) => _socket.SendAsync(message, type, endOfMessage: true, CancellationToken.None).Soon();

    /// <summary>The next message as JSON.</summary>
    public async Task<JsonElement> ReadAsync() => JsonDocument.Parse(await ReadTextAsync()).RootElement;

    public async Task<string> ReadTextAsync()
    {
        var (text, type) = await ReceiveAsync();
        Assert.NotEqual(WebSocketMessageType.Close, type);
        return text;
    }

    /// <summary>The status of the close that comes next.</summary>
    public async Task<WebSocketCloseStatus?> ReadCloseAsync()
    {
        var (text, type) = await ReceiveAsync();
        Assert.True(type == WebSocketMessageType.Close, text);
        return _socket.CloseStatus;
    }

    public Task CloseAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).Soon();

    public Task AnswerCloseAsync() => _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).Soon();

    public void Abort() => _socket.Abort();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<(string Text, WebSocketMessageType Type)> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await _socket.ReceiveAsync(buffer, CancellationToken.None).Soon();
            message.Write(buffer, 0, read.Count);
            if (read.EndOfMessage)
                return (Encoding.UTF8.GetString(message.ToArray()), read.MessageType);
        }
    }
}
