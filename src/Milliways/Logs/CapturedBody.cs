using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Milliways.Logs;

/// <summary>The answer's body on its way to the caller, copied in passing: what is captured is what was sent, whoever wrote it.</summary>
internal sealed class CapturedBody(IHttpResponseBodyFeature inner, PayloadCapture capture) : IHttpResponseBodyFeature
{
    public Stream Stream => inner.Stream;

    public PipeWriter Writer { get; } = new CapturedWriter(inner.Writer, capture);

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => inner.SendFileAsync(path, offset, count, cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    private sealed class CapturedWriter(PipeWriter inner, PayloadCapture capture) : PipeWriter
    {
        private Memory<byte> _handed;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            capture.Response(_handed.Span[..bytes]);
            _handed = _handed[bytes..];
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _handed = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
