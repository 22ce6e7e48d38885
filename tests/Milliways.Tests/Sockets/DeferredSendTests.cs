using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Milliways.Hosting;
using Milliways.Linux.Sockets;
using Milliways.Linux.Sockets.Server;
using Milliways.Tests.Support;

namespace Milliways.Tests.Sockets;

/// <summary>What a loop sends while others wait for it goes out behind the last of them, and is never overtaken or lost.</summary>
public sealed class DeferredSendTests : IAsyncLifetime
{
    private readonly Socket _port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EventLoop _loop = EventLoop.Next;
    private EventStream _ours = null!;
    private Socket _peer = null!;

    public async ValueTask InitializeAsync()
    {
        _port.ReceiveBufferSize = 4096; // so that the kernel is full soon
        _port.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _port.Listen();
        var connected = new TaskCompletionSource<EventStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        // A stream lives on the loop that it is made on.
        await RoundAsync(_loop, () => _ = ConnectAsync(connected));
        (_ours, _peer) = (await connected.Task.Soon(), await _port.AcceptAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _ours.DisposeAsync();
        _peer.Dispose();
        _port.Dispose();
    }

    [Fact]
    public async Task It_goes_out_when_the_round_is_over_and_not_before()
    {
        var (isDone, seen) = (false, 0);
        await RoundAsync(_loop, () => isDone = _ours.WriteAsync("later"u8.ToArray()).IsCompletedSuccessfully, () => seen = _peer.Available);
        Assert.Equal((true, 0), (isDone, seen));
        Assert.Equal("later", await ReadAsync(5));
    }

    [Fact]
    public async Task What_is_sent_elsewhere_stays_behind_it()
    {
        Task elsewhere = null!;
        await RoundAsync(_loop, () => _ = _ours.WriteAsync("one "u8.ToArray()), () => elsewhere = Task.Run(async () => await _ours.WriteAsync("two"u8.ToArray())), () => elsewhere.Wait(Patience.Limit));
        Assert.Equal("one two", await ReadAsync(7));
    }

    [Fact]
    public async Task A_connection_that_is_closed_in_the_same_round_has_sent_it()
    {
        await RoundAsync(_loop, () =>
        {
            _ = _ours.WriteAsync("last words"u8.ToArray());
            _ours.Dispose();
        }, () => { });
        Assert.Equal("last words", await ReadAsync(10));
        Assert.Equal(0, await _peer.ReceiveAsync(new byte[1]).Soon());
    }

    [Fact]
    public async Task Where_the_kernel_has_no_room_it_follows_as_soon_as_there_is_some()
    {
        await using var served = await ServeAsync();
        await FillAsync(served);
        await RoundAsync(served.Loop, () =>
        {
            served.Connection.Transport.Output.Write("!"u8);
            Assert.True(served.Connection.Transport.Output.FlushAsync().IsCompletedSuccessfully);
        }, () => { });

        await ReadToTheMarkAsync(served.Client);
    }

    [Fact]
    public Task Bytes_arrive_in_order_whoever_sends_them_and_however_slowly_they_are_read() => Dice.CheckAsync(async dice =>
    {
        var (next, slow) = (0, dice.Flip());
        var pieces = dice.Many(12, _ => (Bytes: Enumerable.Range(0, dice.One(1, 100, 4_000, DeferredSend.Most, 9_000, 300_000)).Select(_ => (byte)(next++ * 31)).ToArray(), IsInRound: dice.Upto(3) > 0));
        var reading = Task.Run(async () =>
        {
            var buffer = new byte[slow ? 700 : 100_000];
            for (var read = 0; read < next;)
            {
                var count = await _peer.ReceiveAsync(buffer);
                Assert.NotEqual(0, count);
                for (var i = 0; i < count; i++)
                    Assert.Equal((byte)((read + i) * 31), buffer[i]);
                read += count;
            }
        });
        foreach (var (bytes, isInRound) in pieces)
        {
            var sending = Task.CompletedTask;
            if (isInRound)
                await RoundAsync(_loop, () => sending = _ours.WriteAsync(bytes).AsTask(), () => { });
            else
                sending = _ours.WriteAsync(bytes).AsTask();
            await sending.Soon();
        }
        await reading.Soon();
    }, tests: 60);

    [Fact]
    public async Task A_flush_defers_what_was_written_before_it_and_nothing_behind_it()
    {
        await using var served = await ServeAsync();
        var output = served.Connection.Transport.Output;

        await RoundAsync(served.Loop, () =>
        {
            output.Write("flushed"u8);
            Assert.True(output.FlushAsync().IsCompletedSuccessfully);
            output.Write(" and not"u8);
        }, () => { });

        Assert.Equal("flushed", await ReadAsync(7, served.Client));
        Assert.Equal(0, served.Client.Available);
    }

    [Fact]
    public async Task A_flush_behind_bytes_that_the_kernel_has_no_room_for_waits()
    {
        await using var served = await ServeAsync();
        var output = served.Connection.Transport.Output;
        await FillAsync(served);
        await RoundAsync(served.Loop, () =>
        {
            output.Write(new byte[DeferredSend.Most]);
            Assert.True(output.FlushAsync().IsCompletedSuccessfully);
        }, () => { });
        output.Write(" and !"u8);

        var flushing = await Task.Run(() => new[] { output.FlushAsync().AsTask() }).Soon(); // it comes back, which it would not if it asked again and again

        Assert.False(flushing[0].IsCompleted);
        await ReadToTheMarkAsync(served.Client);
        await flushing[0].Soon();
    }

    /// <summary>Sends on the socket itself until the kernel takes no more; what it moves from one side to the other makes room for a while.</summary>
    private static async Task FillAsync(Served served)
    {
        var (socket, filling) = (served.Connection.Features.Get<IConnectionSocketFeature>()!.Socket, new byte[64 << 10]);
        for (var still = 0; still < 5; still++)
        {
            while (socket.Send(filling, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
                still = 0;
            await ManualTime.MomentAsync();
        }
    }

    private static async Task ReadToTheMarkAsync(Socket client)
    {
        var (buffer, last) = (new byte[1 << 20], (byte)0);
        while (last != '!')
        {
            var count = await client.ReceiveAsync(buffer).Soon();
            Assert.NotEqual(0, count);
            last = buffer[count - 1];
        }
    }

    /// <summary>Reads, which goes on where the connection lives, and says where that is.</summary>
    private static async Task SeeAsync(ConnectionContext connection, TaskCompletionSource<EventLoop> on)
    {
        await connection.Transport.Input.ReadAsync();
        on.SetResult(EventLoop.Near);
    }

    /// <summary>A connection of the web server, and the loop that it lives on.</summary>
    private static async Task<Served> ServeAsync()
    {
        var port = await new EventTransport(new SocketBlocks()).BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(port.EndPoint);
        var connection = (await port.AcceptAsync().AsTask().Soon())!;
        var on = new TaskCompletionSource<EventLoop>(TaskCreationOptions.RunContinuationsAsynchronously);
        var seeing = SeeAsync(connection, on);
        await client.SendAsync("?"u8.ToArray());
        await seeing.Soon();
        return new Served(port, connection, client, await on.Task);
    }

    private async Task ConnectAsync(TaskCompletionSource<EventStream> connected) =>
        connected.SetResult(await EventStream.ConnectAsync([IPAddress.Loopback], ((IPEndPoint)_port.LocalEndPoint!).Port, CancellationToken.None));

    private Task<string> ReadAsync(int count) => ReadAsync(count, _peer);

    private static async Task<string> ReadAsync(int count, Socket from)
    {
        var buffer = new byte[count];
        for (var read = 0; read < count;)
        {
            var came = await from.ReceiveAsync(buffer.AsMemory(read)).AsTask().Soon();
            Assert.NotEqual(0, came);
            read += came;
        }
        return System.Text.Encoding.UTF8.GetString(buffer);
    }

    /// <summary>Has the loop do all of it in one round: it is held until everything stands in its queue. Returns when the round is over.</summary>
    private static async Task RoundAsync(EventLoop loop, params Action[] works)
    {
        using var full = new ManualResetEventSlim();
        var (held, over, failed) = (Signal(), Signal(), (Exception?)null);
        loop.Add(new Work(() =>
        {
            held.SetResult();
            full.Wait(Patience.Limit);
        }));
        await held.Task.Soon();
        for (var i = 0; i < works.Length; i++)
        {
            var (work, isLast) = (works[i], i == works.Length - 1);
            loop.Add(new Work(() =>
            {
                try
                {
                    work();
                }
                catch (Exception failure)
                {
                    failed ??= failure;
                }
                if (isLast)
                    loop.Add(new Work(over.SetResult)); // which is another round's
            }));
        }
        full.Set();
        await over.Task.Soon();
        Assert.Null(failed);
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Served(IConnectionListener Port, ConnectionContext Connection, Socket Client, EventLoop Loop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Connection.DisposeAsync();
            await Port.DisposeAsync();
        }
    }

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
