using System.Net;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// The body of an upstream's request, sent in one piece (again, when a proxy asks for a password first) and let go when the answer begins: the request
/// stays reachable from its answer, and a prompt must not stay in memory as long as a stream runs.
/// </summary>
internal sealed class BodyContent(ReadOnlyMemory<byte> body) : HttpContent
{
    private readonly int _length = body.Length;

    /// <summary>Empty once it was let go.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; } = body;

    public void LetGo() => Body = default;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(Body, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
