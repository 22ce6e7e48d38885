using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;

namespace Milliways.Gateway.Sockets;

/// <summary>
/// The request that a message on a socket is, as the walk knows requests: posted at the universal address with what the upgrade brought along. Its answer goes into
/// a pipe that holds little, so that a client which does not read stops the provider.
/// </summary>
internal sealed class SocketContext : IHttpRequestLifetimeFeature, IHttpResponseBodyFeature, IDisposable
{
    private readonly CancellationTokenSource _cancel;
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 64 << 10, resumeWriterThreshold: 32 << 10, useSynchronizationContext: false));
    private readonly StartingWriter _writer;
    private readonly Action _abort;

    /// <param name="upgrade">The request that made the socket.</param>
    /// <param name="target">The universal address as it was written.</param>
    /// <param name="token">What opens the gateway; null: nothing was presented.</param>
    /// <param name="body">The step or steps.</param>
    /// <param name="eventId">Of the message; null: the upgrade's.</param>
    /// <param name="abort">Lets the whole socket go.</param>
    /// <param name="gone">Cancelled when the client has left.</param>
    public SocketContext(HttpContext upgrade, string target, string? token, ReadOnlyMemory<byte> body, string? eventId, Action abort, TimeProvider time, CancellationToken gone)
    {
        (_abort, _writer) = (abort, new StartingWriter(_pipe.Writer));
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(gone);
        RequestAborted = _cancel.Token;
        Http = new DefaultHttpContext();
        Http.Features.Set<IHttpRequestLifetimeFeature>(this);
        Http.Features.Set<IHttpResponseBodyFeature>(this);
        Http.Features.Set<IHttpResponseFeature>(new Head(_writer));
        Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        var request = Http.Request;
        (request.Method, request.Path, request.Scheme, request.Host) = ("POST", upgrade.Request.Path, upgrade.Request.Scheme, upgrade.Request.Host);
        foreach (var (name, value) in upgrade.Request.Headers)
            if (name.StartsWith(GatewayHeaders.Prefix, StringComparison.OrdinalIgnoreCase) || name.StartsWith("x-milliways-", StringComparison.OrdinalIgnoreCase))
                request.Headers[name] = value;
        if (token is not null)
            request.Headers[CallerCredentials.TokenHeader] = token;
        if (eventId is not null)
            request.Headers["cf-aig-event-id"] = eventId;
        (request.ContentType, request.ContentLength, request.Body) = ("application/json", body.Length, new MemoryStream(body.ToArray(), writable: false));
        RequestIds.Assign(Http, time);
    }

    public HttpContext Http { get; }

    public PipeReader Answer => _pipe.Reader;

    public CancellationToken RequestAborted { get; set; }

    public PipeWriter Writer => _writer;

    public Stream Stream => _writer.AsStream();

    /// <summary>Nobody wants the answer any more.</summary>
    public void Cancel() => _cancel.Cancel();

    /// <summary>The client does not read.</summary>
    public void Abort()
    {
        _cancel.Cancel();
        _abort();
    }

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException("No answer is a file.");

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>The answer broke, and it is to be seen that it did.</summary>
    public bool IsTorn { get; set; }

    public bool IsGone => _cancel.IsCancellationRequested;

    /// <summary>The walk is over.</summary>
    public ValueTask EndAsync() => _pipe.Writer.CompleteAsync();

    public void Dispose() => _cancel.Dispose();

    private sealed class Head(StartingWriter writer) : HttpResponseFeature
    {
        public override bool HasStarted => writer.HasStarted;
    }

    /// <summary>Knows whether anything has left.</summary>
    private sealed class StartingWriter(PipeWriter inner) : PipeWriter
    {
        public bool HasStarted { get; private set; }

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            HasStarted = true;
            return inner.FlushAsync(cancellationToken);
        }
    }
}
