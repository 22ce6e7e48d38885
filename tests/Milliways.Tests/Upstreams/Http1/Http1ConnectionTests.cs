using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Milliways.Linux.Sockets;
using Milliways.Tests.Support;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>One connection, with its server's side in the test's hand.</summary>
public sealed class Http1ConnectionTests : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Http1Pool _pool = new(null!, most: null, TimeSpan.FromMinutes(1));
    private Http1Connection _ours = null!;
    private Socket _server = null!;

    public async ValueTask InitializeAsync()
    {
        _listener.Start();
        var stream = await EventStream.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, CancellationToken.None);
        (_ours, _server) = (new Http1Connection(_pool, stream, stream), await _listener.AcceptSocketAsync());
    }

    public ValueTask DisposeAsync()
    {
        _pool.Dispose();
        _server.Dispose();
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A stream is asked for within one attempt, and read on behind it.</summary>
    [Fact]
    public async Task What_reads_a_body_now_can_end_it_and_what_asked_for_it_cannot()
    {
        using var asking = new CancellationTokenSource();
        using var reading = new CancellationTokenSource();
        using var answer = await AskAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", asking.Token);
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await body.ReadAsync(new byte[8], reading.Token));

        await asking.CancelAsync();
        var second = body.ReadAsync(new byte[8], reading.Token).AsTask();
        await _server.SendAsync("1\r\nb\r\n"u8.ToArray());
        Assert.Equal(1, await second.Soon());
        var third = body.ReadAsync(new byte[8], reading.Token).AsTask();
        await reading.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third.Soon());
        Assert.Equal(0, await _server.ReceiveAsync(new byte[1]).Soon());
    }

    /// <summary>What was drained is in the pool, and may be another's before the one who drained it has ended.</summary>
    [Fact]
    public async Task An_answer_that_has_ended_does_nothing_more_to_the_connection()
    {
        var first = await AskAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", CancellationToken.None);
        var body = await first.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await body.ReadAsync(new byte[8], CancellationToken.None));
        await _server.SendAsync("0\r\n\r\n"u8.ToArray());
        first.Dispose(); // and so drained
        await Patience.SeenAsync(() => _pool.Take() is not null);

        using var second = await AskAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb", CancellationToken.None);
        first.Dispose();
        await body.DisposeAsync();
        await _server.SendAsync("c"u8.ToArray());

        Assert.Equal("bc", await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken).Soon());
    }

    [Fact]
    public async Task A_body_that_broke_does_not_end_well_when_it_is_read_again()
    {
        using var answer = await AskAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", CancellationToken.None);
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await body.ReadAsync(new byte[8], CancellationToken.None));
        _server.Shutdown(SocketShutdown.Send);

        await Assert.ThrowsAsync<HttpIOException>(async () => await body.ReadAsync(new byte[8], CancellationToken.None));
        await Assert.ThrowsAsync<HttpIOException>(async () => await body.ReadAsync(new byte[8], CancellationToken.None));
    }

    private async Task<HttpResponseMessage> AskAsync(string answer, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{_listener.LocalEndpoint}/");
        var head = "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"u8;
        var first = ArrayPool<byte>.Shared.Rent(head.Length);
        head.CopyTo(first);
        var asking = _ours.AskAsync(request, first, head.Length, default, cancel);
        Assert.Equal(head.Length, await _server.ReceiveAsync(new byte[1000]).Soon());
        await _server.SendAsync(Encoding.ASCII.GetBytes(answer));
        return await asking.Soon();
    }
}
