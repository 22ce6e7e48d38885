using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>Google's generateContent as upstreams speak it (dialects 7). The model and whether it streams stand in the address, not in the body.</summary>
public sealed class GeminiDialect : IUpstreamDialect
{
    public static GeminiDialect Instance { get; } = new();

    public Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped) =>
        RequestWriter.Write(request, target, body, dropped);

    public IStreamReader NewStreamReader() => new StreamReader();

    public void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink) => ResponseReader.Read(body, sink);

    public Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter) => Errors.Read(status, body, retryAfter);
}
