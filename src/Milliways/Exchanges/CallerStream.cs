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
    public ValueTask<bool> FlushAsync(CancellationToken cancel)
    {
        HasBegun = true;
        var flushing = writer.FlushAsync(cancel);
#pragma warning disable RS0030 // Most flushes are over by now, once for each chunk, and then it is taken only here.
        return flushing.IsCompletedSuccessfully ? new ValueTask<bool>(Flushed(flushing.Result)) : FlushedAsync(flushing);
#pragma warning restore RS0030
    }

    private async ValueTask<bool> FlushedAsync(ValueTask<FlushResult> flushing) => Flushed(await flushing);

    private bool Flushed(FlushResult result)
    {
        Volatile.Write(ref _lastWrite, time.GetTimestamp());
        return !result.IsCompleted && !result.IsCanceled;
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
