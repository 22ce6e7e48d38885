using System.Net;

namespace Milliways.Exchanges;

/// <summary>
/// The body of an upstream's request, sent in one piece (again, when a proxy asks for a password first) and let go when the answer begins: the request
/// stays reachable from its answer, and a prompt must not stay in memory as long as a stream runs.
/// </summary>
internal sealed class BodyContent(ReadOnlyMemory<byte> body) : HttpContent
{
    private readonly int _length = body.Length;
    private ReadOnlyMemory<byte> _body = body;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_body, cancellationToken).AsTask();

    public void LetGo() => _body = default;

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
