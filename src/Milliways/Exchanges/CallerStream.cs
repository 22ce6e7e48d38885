using System.Buffers;
using System.IO.Pipelines;

namespace Milliways.Exchanges;

/// <summary>
/// The caller's side of a stream. Events and keep-alives come from different threads; one at a time may write, and a keep-alive never waits:
/// when somebody is writing, the caller is not waiting for a sign of life.
/// </summary>
internal sealed class CallerStream(PipeWriter writer, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private long _lastWrite = time.GetTimestamp();
    private bool _ended;

    public IBufferWriter<byte> Writer => writer;

    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _lastWrite));

    public Task EnterAsync() => _one.WaitAsync();

    public void Exit() => _one.Release();

    /// <summary>Sends what was written; false when the caller is gone.</summary>
    public async ValueTask<bool> FlushAsync(CancellationToken cancel)
    {
        var flushed = await writer.FlushAsync(cancel);
        Volatile.Write(ref _lastWrite, time.GetTimestamp());
        return !flushed.IsCompleted && !flushed.IsCanceled;
    }

    /// <summary>Sends a sign of life unless the stream is being written or has ended.</summary>
    /// <param name="sign">The bytes.</param>
    /// <param name="begin">Sets the head of the answer when nothing has been sent yet; runs alone.</param>
    /// <param name="cancel">Ends the waiting for a caller that does not read.</param>
    public async Task KeepAliveAsync(ReadOnlyMemory<byte> sign, Action begin, CancellationToken cancel)
    {
        if (!await _one.WaitAsync(TimeSpan.Zero, CancellationToken.None))
            return;
        try
        {
            if (_ended)
                return;
            begin();
            writer.Write(sign.Span);
            await FlushAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            // The exchange is ending; its own path says why.
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>No keep-alive after this. Call it inside <see cref="EnterAsync"/> and <see cref="Exit"/>.</summary>
    public void End() => _ended = true;

    public void Dispose() => _one.Dispose();
}
