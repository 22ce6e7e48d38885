using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Milliways.Exchanges;

namespace Milliways.Tests.Support;

/// <summary>
/// A last gate whose leases remember how often and with what they were closed, and what had been written to the caller by then: it stands between the
/// exchange and the connection.
/// </summary>
internal sealed class RecordingGate : IGate
{
    private readonly ConcurrentQueue<RecordedLease> _leases = new();

    public IReadOnlyList<RecordedLease> Leases => [.. _leases];

    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        var body = new RecordedBody(exchange.Http.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        exchange.Http.Features.Set<IHttpResponseBodyFeature>(body);
        var lease = new RecordedLease(body);
        _leases.Enqueue(lease);
        return ValueTask.FromResult(new Admission(lease, null));
    }
}

internal sealed class RecordedLease(RecordedBody body) : ILease
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _closings;

    public int Closings => Volatile.Read(ref _closings);

    public Outcome Outcome { get; private set; }

    /// <summary>What had been written to the caller when it was closed.</summary>
    public string WrittenBefore { get; private set; } = "";

    /// <summary>All that was written to the caller up to now.</summary>
    public string Written => body.Written;

    public Task Closed => _closed.Task.Soon();

    public void Close(in Outcome outcome)
    {
        Interlocked.Increment(ref _closings);
        (Outcome, WrittenBefore) = (outcome, body.Written);
        _closed.TrySetResult();
    }
}

/// <summary>The body of an answer that keeps what is written to it, flushed or not.</summary>
internal sealed class RecordedBody(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    private readonly RecordedWriter _writer = new(inner.Writer);

    public string Written => _writer.Written;

    public Stream Stream => inner.Stream;

    public PipeWriter Writer => _writer;

    public Task CompleteAsync() => inner.CompleteAsync();

    public void DisableBuffering() => inner.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => inner.SendFileAsync(path, offset, count, cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    private sealed class RecordedWriter(PipeWriter inner) : PipeWriter
    {
        private readonly Lock _one = new();
        private readonly ArrayBufferWriter<byte> _written = new();
        private Memory<byte> _given;

        public string Written
        {
            get
            {
                lock (_one)
                    return Encoding.UTF8.GetString(_written.WrittenSpan);
            }
        }

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _given = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            lock (_one)
                _written.Write(_given.Span[..bytes]);
            _given = _given[bytes..];
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
