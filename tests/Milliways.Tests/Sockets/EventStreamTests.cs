using System.Net;
using System.Net.Sockets;
using Milliways.Linux.Sockets;
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
        await using var stream = await EventStream.ConnectAsync(nobodyThenSomebody, Port, CancellationToken.None);
        using var accepted = await _port.AcceptAsync();
        await stream.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await accepted.ReceiveAsync(new byte[8]));
    }

    /// <summary>What a pool asks of a connection that lies idle: neither an end nor bytes that nobody asked for go unseen.</summary>
    [Fact]
    public async Task It_is_seen_without_reading_that_there_is_something_to_be_read()
    {
        Assert.False(_ours.IsReadable);
        await _peer.SendAsync("x"u8.ToArray());
        await Patience.SeenAsync(() => _ours.IsReadable);
        Assert.True(_ours.IsReadable);
        Assert.Equal(1, await _ours.ReadAsync(new byte[8]));
        Assert.False(_ours.IsReadable);
        _peer.Shutdown(SocketShutdown.Send);
        await Patience.SeenAsync(() => _ours.IsReadable);
        Assert.Equal(0, await _ours.ReadAsync(new byte[8]));
        await _ours.DisposeAsync();
        Assert.True(_ours.IsReadable);
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

    [Fact]
    public async Task A_cancellation_that_comes_after_its_read_leaves_the_next_one_alone()
    {
        using var stop = new CancellationTokenSource();
        var first = _ours.ReadAsync(new byte[8], stop.Token).AsTask();
        await _peer.SendAsync("a"u8.ToArray());
        Assert.Equal(1, await first.Soon());
        var second = _ours.ReadAsync(new byte[8]).AsTask();
        await stop.CancelAsync();
        await _peer.SendAsync("bc"u8.ToArray());
        Assert.Equal(2, await second.Soon());
    }

    [Fact]
    public async Task Whatever_meets_the_beginning_of_a_wait_ends_it()
    {
        for (var i = 0; i < 600; i++)
        {
            var (ours, peer) = await ConnectAsync();
            using var closing = peer;
            using var stop = new CancellationTokenSource();
            var ready = new Barrier(2);
            var reading = Task.Run(async () =>
            {
                ready.SignalAndWait();
                return await ours.ReadAsync(new byte[8], stop.Token);
            });
            ready.SignalAndWait();
            if (i % 2 == 0)
                await ours.DisposeAsync();
            else
                await stop.CancelAsync();
            if (i % 2 == 0)
                await Assert.ThrowsAsync<IOException>(() => reading.Soon());
            else
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
            await ours.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_second_read_beside_one_that_waits_is_refused()
    {
        var first = _ours.ReadAsync(new byte[8]).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _ours.ReadAsync(new byte[8]));
        await _peer.SendAsync("a"u8.ToArray());
        Assert.Equal(1, await first.Soon());
    }

    [Fact]
    public async Task Who_watches_sees_what_is_written_and_read_and_says_what_a_break_means()
    {
        var watch = new Watcher();
        _ours.Watch = watch;
        await _ours.WriteAsync("POST"u8.ToArray());
        var reading = _ours.ReadAsync(new byte[8]).AsTask();
        await _peer.SendAsync("200"u8.ToArray());
        await reading.Soon();
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Dispose();
        var broken = await Assert.ThrowsAsync<IOException>(() => _ours.ReadAsync(new byte[8]).AsTask().Soon());
        Assert.Equal("seen", broken.Message);
        Assert.Equal(["POST", "3"], watch.Seen);
    }

    [Fact]
    public async Task Bytes_behind_an_urgent_one_are_read_too()
    {
        await _peer.SendAsync("ab"u8.ToArray());
        await _peer.SendAsync("!"u8.ToArray(), SocketFlags.OutOfBand);
        await _peer.SendAsync("cd"u8.ToArray());
        var (read, buffer) = (0, new byte[64]);
        while (read < 4)
            read += await _ours.ReadAsync(buffer.AsMemory(read)).AsTask().Soon();
        Assert.Equal("abcd", System.Text.Encoding.ASCII.GetString(buffer, 0, read));
    }

    [Fact]
    public async Task A_unix_socket_whose_queue_is_full_is_waited_for()
    {
        using var directory = new TempDirectory();
        var address = new UnixDomainSocketEndPoint(directory["s"]);
        using var port = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        port.Bind(address);
        port.Listen(0);
        var connecting = Enumerable.Range(0, 8).Select(_ => EventStream.ConnectAsync(address, CancellationToken.None).AsTask()).ToArray();
        for (var i = 0; i < connecting.Length; i++)
        {
            using var accepted = await port.AcceptAsync().Soon();
            await accepted.SendAsync(new[] { (byte)'x' });
        }
        foreach (var stream in await Task.WhenAll(connecting).Soon())
        {
            Assert.Equal(1, await stream.ReadAsync(new byte[8]).AsTask().Soon());
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task TLS_goes_over_it_both_ways()
    {
        using var authority = new Certificates();
        using var certificate = authority.Server("localhost");
        await using var server = new System.Net.Security.SslStream(new NetworkStream(_peer));
        await using var client = new System.Net.Security.SslStream(_ours, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await Task.WhenAll(server.AuthenticateAsServerAsync(certificate), client.AuthenticateAsClientAsync("localhost")).Soon();
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);
        await Task.WhenAll(WriteAsync(client, [sent]), ReadAsync(server, [sent], slow: false), WriteAsync(server, [sent]), ReadAsync(client, [sent], slow: true)).Soon();
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

    private sealed class Watcher : IStreamWatch
    {
        public List<string> Seen { get; } = [];

        public void Writing(ReadOnlySpan<byte> bytes) => Seen.Add(System.Text.Encoding.ASCII.GetString(bytes));

        public void Read(int count, bool isEmpty) => Seen.Add(count.ToString(System.Globalization.CultureInfo.InvariantCulture));

        public IOException Broken(IOException broken) => new("seen", broken);
    }
}
