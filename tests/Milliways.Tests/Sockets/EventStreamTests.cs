using System.Net;
using System.Net.Sockets;
using Milliways.Sockets;
using Milliways.Tests.Support;

namespace Milliways.Tests.Sockets;

/// <summary>The connection to an upstream: one of ours on one side, one of the platform's on the other.</summary>
public sealed class EventStreamTests : IAsyncLifetime
{
    private readonly Socket _port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private EventStream _ours = null!;
    private Socket _peer = null!;

    public async ValueTask InitializeAsync()
    {
        _port.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _port.Listen();
        (_ours, _peer) = await ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _ours.DisposeAsync();
        _peer.Dispose();
        _port.Dispose();
    }

    [Fact]
    public Task Bytes_arrive_as_they_were_sent_whatever_the_pieces() => Dice.CheckAsync(async dice =>
    {
        var (there, back) = (Pieces(dice), Pieces(dice));
        var (ours, peer) = await ConnectAsync();
        using var closing = peer;
        await using var disposing = ours;
        await using var other = new NetworkStream(peer);
        var slow = dice.Flip();
        await Task.WhenAll(WriteAsync(ours, there), WriteAsync(other, back), ReadAsync(other, there, slow), ReadAsync(ours, back, slow)).Soon();
    }, tests: 60);

    [Fact]
    public async Task An_address_that_refuses_is_passed_over_for_one_that_accepts()
    {
        IPAddress[] nobodyThenSomebody = [IPAddress.Parse("127.0.0.77"), IPAddress.Loopback];
        using var elsewhere = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await using var stream = await EventStream.ConnectAsync(nobodyThenSomebody, Port, CancellationToken.None);
        using var accepted = await _port.AcceptAsync();
        await stream.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await accepted.ReceiveAsync(new byte[8]));
    }

    [Fact]
    public async Task Where_nobody_accepts_the_reason_is_told()
    {
        var refused = await Assert.ThrowsAsync<SocketException>(async () => await EventStream.ConnectAsync([IPAddress.Loopback], Ports.ClosedPort(), CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task A_connection_that_nobody_accepts_in_time_can_be_given_up()
    {
        using var full = new FullBacklog();
        using var stop = new CancellationTokenSource();
        var connecting = EventStream.ConnectAsync([IPAddress.Loopback], full.Port, stop.Token).AsTask();
        Assert.False(connecting.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Soon());
    }

    [Fact]
    public async Task A_read_that_is_given_up_takes_nothing_from_the_next_one()
    {
        using var stop = new CancellationTokenSource();
        var given = _ours.ReadAsync(new byte[8], stop.Token).AsTask();
        Assert.False(given.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.Soon());
        await _peer.SendAsync("abc"u8.ToArray());
        var buffer = new byte[8];
        Assert.Equal(3, await _ours.ReadAsync(buffer).AsTask().Soon());
        Assert.Equal("abc"u8, buffer.AsSpan(0, 3));
    }

    [Fact]
    public async Task An_end_that_came_with_the_last_bytes_is_seen_behind_them()
    {
        await _peer.SendAsync("last"u8.ToArray());
        _peer.Shutdown(SocketShutdown.Send);
        var buffer = new byte[64];
        Assert.Equal(0, await _ours.ReadAsync(Memory<byte>.Empty).AsTask().Soon()); // both are here now, or at least the bytes
        Assert.Equal(4, await _ours.ReadAsync(buffer).AsTask().Soon());
        Assert.Equal(0, await _ours.ReadAsync(buffer).AsTask().Soon());
        Assert.Equal(0, await _ours.ReadAsync(buffer).AsTask().Soon()); // and stays
    }

    [Fact]
    public async Task An_empty_read_waits_for_bytes_and_takes_none()
    {
        var waiting = _ours.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(waiting.IsCompleted);
        await _peer.SendAsync("z"u8.ToArray());
        Assert.Equal(0, await waiting.Soon());
        Assert.Equal(0, await _ours.ReadAsync(Memory<byte>.Empty).AsTask().Soon());
        Assert.Equal(1, await _ours.ReadAsync(new byte[8]).AsTask().Soon());
    }

    [Fact]
    public async Task Closing_ends_a_read_that_waits()
    {
        var waiting = _ours.ReadAsync(new byte[8]).AsTask();
        await _ours.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => waiting.Soon());
        await Assert.ThrowsAsync<IOException>(() => _ours.ReadAsync(new byte[8]).AsTask().Soon());
        await Assert.ThrowsAsync<IOException>(() => _ours.WriteAsync(new byte[8]).AsTask().Soon());
    }

    [Fact]
    public async Task A_reset_is_an_error_and_no_end()
    {
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Dispose();
        await Assert.ThrowsAsync<IOException>(() => _ours.ReadAsync(new byte[8]).AsTask().Soon());
    }

    [Fact]
    public async Task A_write_that_the_other_side_does_not_read_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var writing = _ours.WriteAsync(new byte[64 << 20], stop.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.Soon());
    }

    private int Port => ((IPEndPoint)_port.LocalEndPoint!).Port;

    private async Task<(EventStream Ours, Socket Peer)> ConnectAsync()
    {
        var ours = await EventStream.ConnectAsync([IPAddress.Loopback], Port, CancellationToken.None);
        return (ours, await _port.AcceptAsync());
    }

    private static List<byte[]> Pieces(Dice dice)
    {
        var next = 0;
        return dice.Many(8, _ =>
        {
            var piece = new byte[dice.One(1, 3, 100, 4_096, 65_536, 300_000) + dice.Upto(7)];
            for (var i = 0; i < piece.Length; i++)
                piece[i] = (byte)(next++ * 31);
            return piece;
        });
    }

    private static async Task WriteAsync(Stream stream, List<byte[]> pieces)
    {
        foreach (var piece in pieces)
            await stream.WriteAsync(piece);
    }

    private static async Task ReadAsync(Stream stream, List<byte[]> pieces, bool slow)
    {
        var expected = pieces.SelectMany(piece => piece).ToArray();
        var (read, buffer) = (0, new byte[slow ? 1_000 : 100_000]);
        while (read < expected.Length)
        {
            if (slow)
                await Task.Yield();
            var count = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, count);
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(expected.AsSpan(read, count)));
            read += count;
        }
    }
}
