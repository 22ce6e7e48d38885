using System.Buffers;
using System.IO.Pipelines;

namespace Milliways.Exchanges;

/// <summary>
/// The caller's side of a stream. Events and keep-alives come from different threads; one at a time may write, and a keep-alive never waits:
/// when somebody is writing, the caller is not waiting for a sign of life.
/// </summary>
internal sealed class CallerStream(PipeWriter writer, TimeProvider time) : IBufferWriter<byte>
{
    private readonly OneAtATime _one = new();
    private long _lastWrite = time.GetTimestamp();
    private bool _ended;

    public IBufferWriter<byte> Writer => this;

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>Something has been sent, be it the head alone.</summary>
    public bool HasBegun { get; private set; }

    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _lastWrite));

    public Memory<byte> GetMemory(int sizeHint = 0) => writer.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => writer.GetSpan(sizeHint);

    public void Advance(int count)
    {
        writer.Advance(count);
        Length += count;
    }

    public ValueTask EnterAsync() => _one.EnterAsync();

    public void Exit() => _one.Exit();

    /// <summary>Sends what was written; false when the caller is gone.</summary>
    public async ValueTask<bool> FlushAsync(CancellationToken cancel)
    {
        HasBegun = true;
        var flushed = await writer.FlushAsync(cancel);
        Volatile.Write(ref _lastWrite, time.GetTimestamp());
        return !flushed.IsCompleted && !flushed.IsCanceled;
    }

    /// <summary>Sends a sign of life unless the stream is being written or has ended.</summary>
    /// <param name="begin">Writes the head of an answer that has not begun; called where nobody else can be writing one.</param>
    public async Task KeepAliveAsync(Action begin, ReadOnlyMemory<byte> sign, CancellationToken cancel)
    {
        if (!_one.TryEnter())
            return;
        try
        {
            if (_ended)
                return;
            begin();
            this.Write(sign.Span);
            await FlushAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            // The exchange is ending; its own path says why.
        }
        finally
        {
            _one.Exit();
        }
    }

    /// <summary>No keep-alive after this. Call it inside <see cref="EnterAsync"/> and <see cref="Exit"/>.</summary>
    public void End() => _ended = true;
}
