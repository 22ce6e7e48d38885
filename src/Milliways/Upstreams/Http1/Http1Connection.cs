using System.Buffers;
using System.Diagnostics;
using Milliways.Linux.Sockets;
using Milliways.Upstreams.Connections;

namespace Milliways.Upstreams.Http1;

/// <summary>
/// One connection, for one request at a time: sends it, reads the head of its answer, and gives out the body (<see cref="Http1Body"/>). A cancellation closes it, which ends whatever
/// waits for it; there is one registration for a whole stream, not one for each of its chunks.
/// </summary>
/// <param name="pool">Where it goes when the answer was read to its end.</param>
/// <param name="transport">The socket.</param>
/// <param name="stream">What is read and written: the same, or TLS over it.</param>
internal sealed class Http1Connection(Http1Pool pool, EventStream transport, Stream stream)
{
    private const int BufferBytes = 4 << 10;

    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private int _isClosed;
    private bool _isUsed;
    private bool _hasAnswered;
    private Task? _writing;

    /// <summary>Over TLS the socket does not say whether there is something: what was decrypted lies above it. An empty read says it, and is the first one for the next answer.</summary>
    private Task? _ahead;
    private CancellationToken _cancel;
    private CancellationTokenRegistration _cancelled;

    /// <summary>When it was made, and when it was last given back (<see cref="Stopwatch"/>).</summary>
    public long Made { get; } = Stopwatch.GetTimestamp();

    public long IdleSince { get; set; }

    public Stream Stream => stream;

    /// <summary>Received and not taken yet.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>It may be asked again, as far as can be seen: nobody has closed it, and nothing came that nobody asked for.</summary>
    public bool IsAlive => Volatile.Read(ref _isClosed) == 0 && (ReferenceEquals(stream, transport) ? !transport.IsReadable : _ahead is null or { IsCompleted: false });

    /// <summary>Sends a request and completes with the head of its answer.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="first">Its head, and its body where that is short; an array of the shared pool, which this gives back.</param>
    /// <param name="length">How much of that is meant.</param>
    /// <param name="rest">Its body otherwise.</param>
    /// <param name="cancel">Closes the connection.</param>
    /// <exception cref="HttpRequestException">The connection broke, or what came is no answer; see <see cref="UnansweredException"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, byte[] first, int length, ReadOnlyMemory<byte> rest, CancellationToken cancel)
    {
        (_hasAnswered, _writing) = (false, null);
        try
        {
            BindTo(cancel);
            await stream.WriteAsync(first.AsMemory(0, length), CancellationToken.None); // a cancellation closes the connection
            Give(ref first);
            if (!rest.IsEmpty)
                WriteOn(rest);
            if (Interlocked.Exchange(ref _ahead, null) is { } ahead)
                await ahead;
            ResponseHead? head;
            while ((head = TakeHead(request.Method)) is null)
                Received(await stream.ReadAsync(Room(), CancellationToken.None));
            _isUsed = true;
            var body = new Http1Body(this, head);
            var answer = new HttpResponseMessage { RequestMessage = request, Content = new Http1Content(body) };
            head.CopyTo(answer);
            body.EndIfEmpty();
            return answer;
        }
        catch (Exception broken)
        {
            Give(ref first);
            var meaning = Meaning(broken);
            End(isReusable: false);
            if (meaning is null)
                throw;
            throw meaning;
        }
    }

    /// <summary>From now on this cancels what waits here. Costs nothing when it is what did so before.</summary>
    public void BindTo(CancellationToken cancel)
    {
        if (cancel == _cancel)
            return;
        _cancelled.Dispose();
        _cancel = cancel;
        _cancelled = cancel.UnsafeRegister(static connection => ((Http1Connection)connection!).Close(), this);
    }

    public void Take(int count) => _start += count;

    /// <summary>What it means that reading a body failed.</summary>
    public Exception BodyMeaning(Exception broken) => _cancel.IsCancellationRequested ? new OperationCanceledException(_cancel)
        : broken is InvalidDataException ? new HttpIOException(HttpRequestError.InvalidResponse, broken.Message, broken)
        : broken is HttpIOException ? broken
        : new HttpIOException(HttpRequestError.ResponseEnded, "The connection broke before the answer was whole.", broken);

    /// <summary>Nothing more is read of the answer. Once for each request.</summary>
    /// <param name="isReusable">It was read to its end, and the server listens on.</param>
    public void End(bool isReusable)
    {
        _cancelled.Dispose(); // a cancellation that runs is waited for: it must not meet the next request
        (_cancelled, _cancel) = (default, default);
        // A server may answer before it has read everything; what it did not read is not read by anybody any more.
        if (isReusable && _start == _end && _writing is null or { IsCompletedSuccessfully: true } && Volatile.Read(ref _isClosed) == 0)
            Park();
        else
            Close();
        pool.Leave();
    }

    public void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            stream.Dispose();
    }

    private void Park()
    {
        if (_buffer.Length > BufferBytes)
            _buffer = new byte[BufferBytes];
        (_start, _end, _writing, IdleSince) = (0, 0, null, Stopwatch.GetTimestamp());
        if (!ReferenceEquals(stream, transport))
            _ahead = Watched(stream.ReadAsync(Memory<byte>.Empty, CancellationToken.None).AsTask());
        pool.Park(this);
    }

    /// <summary>A long body: when the kernel does not take all of it at once, the answer may come before the server has read it.</summary>
    private void WriteOn(ReadOnlyMemory<byte> rest)
    {
        _writing = Watched(stream.WriteAsync(rest).AsTask());
    }

    /// <summary>Whoever reads finds out that the connection is broken; nobody else need be told.</summary>
    private static Task Watched(Task task)
    {
        if (!task.IsCompletedSuccessfully)
            _ = task.ContinueWith(static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }

    /// <summary>The head of the answer, without what was announced before it; null: it is not all there.</summary>
    private ResponseHead? TakeHead(HttpMethod asked)
    {
        while (ResponseHead.Find(Unread) is >= 0 and var length)
        {
            var head = ResponseHead.Read(Unread[..length], asked);
            Take(length);
            if (!head.IsInterim)
                return head;
        }
        return null;
    }

    private void Received(int read)
    {
        if (read == 0)
            throw new HttpIOException(HttpRequestError.ResponseEnded, "The connection was closed before an answer came.");
        _hasAnswered = true;
        _end += read;
    }

    private Memory<byte> Room()
    {
        if (_start > 0)
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            if (_end >= ResponseHead.MostBytes)
                throw new HttpRequestException(HttpRequestError.ConfigurationLimitExceeded, $"The head of the answer has more than {ResponseHead.MostBytes >> 10} KiB.");
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        return _buffer.AsMemory(_end);
    }

    private static void Give(ref byte[] first)
    {
        if (first.Length > 0)
            ArrayPool<byte>.Shared.Return(first);
        first = [];
    }

    /// <summary>Null: it is that itself.</summary>
    private Exception? Meaning(Exception broken) => _cancel.IsCancellationRequested ? new OperationCanceledException(null, broken, _cancel)
        : broken is HttpRequestException or OperationCanceledException ? null
        : _isUsed && !_hasAnswered && broken is IOException closed ? new HttpRequestException(HttpRequestError.ResponseEnded, closed.Message, new UnansweredException(closed))
        : new HttpRequestException(HttpRequestError.ResponseEnded, "The connection broke before the head of the answer was whole.", broken);
}
