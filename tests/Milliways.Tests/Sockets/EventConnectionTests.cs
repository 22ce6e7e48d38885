using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Milliways.Hosting;
using Milliways.Linux.Sockets.Server;
using Milliways.Tests.Support;

namespace Milliways.Tests.Sockets;

/// <summary>A client's connection as the web server uses it: its two pipes on one side, a socket of the platform on the other.</summary>
public sealed class EventConnectionTests : IAsyncLifetime
{
    private readonly CountedBlocks _blocks = new();
    private IConnectionListener _port = null!;
    private ConnectionContext _ours = null!;
    private Socket _client = null!;

    public async ValueTask InitializeAsync()
    {
        _port = await new EventTransport(_blocks).BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        (_ours, _client) = await ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _ours.DisposeAsync();
        await _port.DisposeAsync();
    }

    private PipeReader Input => _ours.Transport.Input;

    private PipeWriter Output => _ours.Transport.Output;

    [Fact]
    public async Task What_was_looked_at_and_not_taken_comes_again_with_more()
    {
        await _client.SendAsync("GET"u8.ToArray());
        var first = await ReadAsync();
        Assert.Equal("GET"u8, first.Buffer.ToArray());
        Input.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var second = Input.ReadAsync().AsTask();
        Assert.False(second.IsCompleted);
        await _client.SendAsync(" /"u8.ToArray());
        Assert.Equal("GET /", Text((await second.Soon()).Buffer.ToArray()));
    }

    [Fact]
    public async Task What_was_not_looked_at_comes_again_at_once()
    {
        await _client.SendAsync("abcdef"u8.ToArray());
        var first = await ReadAsync();
        Input.AdvanceTo(first.Buffer.GetPosition(2));
        Assert.Equal("cdef", Text((await ReadAsync()).Buffer.ToArray()));
    }

    [Fact]
    public async Task Bytes_that_fill_more_than_a_block_stay_in_one_piece()
    {
        var sent = new byte[(3 * BlockPool.BlockBytes) + 17];
        Random.Shared.NextBytes(sent);
        var sending = SendAllAsync(sent);
        ReadResult read;
        while ((read = await ReadAsync()).Buffer.Length < sent.Length)
        {
            Assert.True(read.Buffer.IsSingleSegment);
            Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        await sending;
        Assert.Equal(sent, read.Buffer.ToArray());
    }

    [Fact]
    public Task Any_way_of_taking_gives_every_byte_once() => Dice.CheckAsync(async dice =>
    {
        var sent = new byte[dice.One(10, 1_000, 70_000, 400_000)];
        Random.Shared.NextBytes(sent);
        var (ours, client) = await ConnectAsync();
        using var closing = client;
        await using var disposing = ours;
        var sending = SendAllAsync(sent, client);
        var (input, taken) = (ours.Transport.Input, new List<byte>());
        while (taken.Count < sent.Length)
        {
            var read = await input.ReadAsync().AsTask().Soon();
            var hasMoreToCome = sent.Length - taken.Count > read.Buffer.Length;
            var (take, look) = (dice.Upto((int)read.Buffer.Length + 1), hasMoreToCome && dice.Flip());
            if (!look && take == 0)
                take = (int)read.Buffer.Length; // whoever neither takes nor looks goes round in circles
            taken.AddRange(read.Buffer.Slice(0, take).ToArray());
            input.AdvanceTo(read.Buffer.GetPosition(take), look ? read.Buffer.End : read.Buffer.GetPosition(take));
        }
        await sending;
        Assert.Equal(sent, taken);
    }, tests: 60);

    [Fact]
    public async Task An_idle_connection_holds_no_memory()
    {
        await _client.SendAsync("x"u8.ToArray());
        var read = await ReadAsync();
        Assert.Equal(1, _blocks.Out);
        Input.AdvanceTo(read.Buffer.End);
        var next = Input.ReadAsync();
        Assert.Equal(0, _blocks.Out);
        await Output.WriteAsync("y"u8.ToArray());
        Assert.Equal(0, _blocks.Out);
        await _client.SendAsync("z"u8.ToArray());
        Assert.Equal("z", Text((await next.AsTask().Soon()).Buffer.ToArray()));
    }

    [Fact]
    public async Task A_flush_waits_for_a_client_that_reads_slowly_and_loses_nothing()
    {
        var sent = new byte[24 << 20];
        Random.Shared.NextBytes(sent);
        Output.Write(sent);
        var flushing = Output.FlushAsync().AsTask();
        Assert.False(flushing.IsCompleted);
        Assert.Equal(sent, await ReceiveAsync(sent.Length));
        Assert.False((await flushing.Soon()).IsCompleted);
        Assert.Equal(0, _blocks.Out);
    }

    [Fact]
    public async Task A_read_and_a_flush_that_are_called_off_say_so()
    {
        var reading = Input.ReadAsync().AsTask();
        Input.CancelPendingRead();
        Assert.True((await reading.Soon()).IsCanceled);
        Output.Write(new byte[24 << 20]);
        var flushing = Output.FlushAsync().AsTask();
        Output.CancelPendingFlush();
        Assert.True((await flushing.Soon()).IsCanceled);
        Input.CancelPendingRead(); // before there is one
        Assert.True((await Input.ReadAsync()).IsCanceled);
    }

    [Fact]
    public async Task That_the_client_has_left_is_told_while_nobody_reads()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var told = _ours.ConnectionClosed.Register(left.SetResult);
        _client.Dispose();
        await left.Task.Soon();
    }

    [Fact]
    public async Task The_end_stands_behind_everything_that_was_sent()
    {
        await _client.SendAsync("bye"u8.ToArray());
        _client.Shutdown(SocketShutdown.Send);
        ReadResult read;
        while (!(read = await ReadAsync()).IsCompleted)
            Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        Assert.Equal("bye"u8, read.Buffer.ToArray());
    }

    [Fact]
    public async Task A_reset_is_an_error()
    {
        var reading = Input.ReadAsync().AsTask();
        _client.LingerState = new LingerOption(true, 0);
        _client.Dispose();
        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Soon());
    }

    [Fact]
    public async Task A_client_that_is_gone_ends_the_flush_that_waits_for_it()
    {
        Output.Write(new byte[24 << 20]);
        var flushing = Output.FlushAsync().AsTask();
        _client.LingerState = new LingerOption(true, 0);
        _client.Dispose();
        Assert.True((await flushing.Soon()).IsCompleted);
        Assert.Equal(0, _blocks.Out);
        Output.Write("more"u8);
        Assert.True((await Output.FlushAsync()).IsCompleted);
    }

    [Fact]
    public async Task An_abort_ends_whatever_waits()
    {
        var reading = Input.ReadAsync().AsTask();
        Output.Write(new byte[24 << 20]);
        var flushing = Output.FlushAsync().AsTask();
        _ours.Abort(new ConnectionAbortedException("enough"));
        Assert.True((await reading.Soon()).IsCompleted);
        Assert.True((await flushing.Soon()).IsCompleted);
    }

    [Fact]
    public async Task A_closed_connection_has_sent_what_was_written_and_resets_nothing()
    {
        await _client.SendAsync(new byte[200_000]); // a body that nobody reads
        await ReadAsync();
        Output.Write("413, and why"u8);
        await _ours.DisposeAsync();
        Assert.Equal("413, and why", Text(await ReceiveAsync(12)));
        Assert.Equal(0, await _client.ReceiveAsync(new byte[8]).Soon());
        Assert.Equal(0, _blocks.Out);
    }

    /// <summary>It has filled the buffers of both sides and waits for room, of which a closed socket tells nothing any more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_waits_to_send_is_told_at_once_that_the_connection_is_closed(bool isAborted)
    {
        var sending = SendAllAsync(new byte[64 << 20], _client);
        await ReadAsync();
        if (isAborted)
            _ours.Abort(new ConnectionAbortedException());
        await _ours.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => sending.WaitAsync(TimeSpan.FromSeconds(30))); // without an end it would be a minute
    }

    [Fact]
    public async Task A_client_that_reads_nothing_does_not_hold_its_connection_for_ever()
    {
        Output.Write(new byte[16 << 20]);
        var flushing = Output.FlushAsync().AsTask();
        Assert.False(flushing.IsCompleted);
        await _ours.DisposeAsync().AsTask().Soon();
        Assert.True((await flushing.Soon()).IsCanceled);
        Assert.Equal(0, _blocks.Out);
    }

    [Fact]
    public async Task A_port_that_is_given_up_takes_no_more()
    {
        var accepting = _port.AcceptAsync().AsTask();
        await _port.UnbindAsync();
        Assert.Null(await accepting.Soon());
        Assert.Null(await _port.AcceptAsync());
    }

    [Fact]
    public async Task A_closed_connection_has_told_so_before_it_is_gone()
    {
        var told = false;
        _ours.ConnectionClosed.Register(() => told = true);
        await _ours.DisposeAsync();
        Assert.True(told);
    }

    [Fact]
    public async Task A_connection_is_closed_while_its_reader_and_its_writer_wait()
    {
        for (var i = 0; i < 300; i++)
        {
            var (ours, client) = await ConnectAsync();
            using var closing = client;
            var ready = new Barrier(2);
            var reading = Task.Run(async () =>
            {
                ready.SignalAndWait();
                return await ours.Transport.Input.ReadAsync();
            });
            ours.Transport.Output.Write(new byte[8 << 20]);
            var flushing = ours.Transport.Output.FlushAsync().AsTask();
            ready.SignalAndWait();
            ours.Abort(new ConnectionAbortedException("enough"));
            await ours.DisposeAsync().AsTask().Soon();
            await Task.WhenAny(reading).Soon(); // an end, or the exception of a reader that was completed
            await flushing.Soon();
        }
        Assert.Equal(0, _blocks.Out);
    }

    [Fact]
    public void A_block_that_is_given_back_twice_goes_to_one()
    {
        using var pool = new BlockPool();
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        Assert.NotSame(pool.Rent(), pool.Rent());
    }

    private Task<ReadResult> ReadAsync() => Input.ReadAsync().AsTask().Soon();

    private async Task<(ConnectionContext Ours, Socket Client)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_port.EndPoint);
        return ((await _port.AcceptAsync())!, client);
    }

    private static string Text(byte[] bytes) => Encoding.ASCII.GetString(bytes);

    private Task SendAllAsync(byte[] bytes) => SendAllAsync(bytes, _client);

    private static async Task SendAllAsync(byte[] bytes, Socket client)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await client.SendAsync(bytes.AsMemory(sent, Math.Min(50_000, bytes.Length - sent)));
    }

    private async Task<byte[]> ReceiveAsync(int length)
    {
        var bytes = new byte[length];
        for (var read = 0; read < length;)
            read += await _client.ReceiveAsync(bytes.AsMemory(read)).AsTask().Soon() is var count and > 0 ? count : throw new EndOfStreamException();
        return bytes;
    }

    /// <summary>Knows how many blocks are out.</summary>
    private sealed class CountedBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
    {
        private int _out;

        public int Out => Volatile.Read(ref _out);

        public override int MaxBufferSize => BlockPool.BlockBytes;

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            Interlocked.Increment(ref _out);
            return new Block(this);
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Block(CountedBlocks blocks) : IMemoryOwner<byte>
        {
            private byte[]? _bytes = new byte[BlockPool.BlockBytes];

            public Memory<byte> Memory => _bytes!;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
                {
                    Array.Fill(bytes, (byte)'!'); // whoever still reads it reads rubbish
                    Interlocked.Decrement(ref blocks._out);
                }
            }
        }
    }
}
