using System.Buffers;
using Grpc.Core;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>xAI over gRPC, as upstreams speak it. Requests are whole frames; answers are messages without their frames' heads.</summary>
public sealed class GrpcUpstream : IUpstreamDialect
{
    /// <summary>The longest message that is taken of an upstream.</summary>
    public const int MostMessageBytes = 64 << 20;

    public static GrpcUpstream Instance { get; } = new();

    /// <summary>A message in an encoding, of which none was offered.</summary>
    public static Failure Compressed { get; } = Failure.Broken("stream", "The upstream compressed its answer although nothing of the kind was offered.");

    public Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped)
    {
        var message = RequestWriter.Write(request, target, dropped);
        if (!message.IsOk) return message.Failure;
        GrpcFrame.Write(body, message.Value);
        return null;
    }

    public IStreamReader NewStreamReader() => new StreamReader();

    public void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink) => AnswerReader.Read(body, sink);

    /// <summary>An answer with an HTTP status other than 200, which no gRPC server gives but what stands before it may.</summary>
    public Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamMessage.Read(status, body, retryAfter);

    /// <summary>The status of a call that is not OK, as the HTTP status that REST would have given (xai-api 3.2).</summary>
    /// <param name="status">As it was told.</param>
    /// <param name="retryAfter">As in a head of REST's; null: nothing was said.</param>
    public static Failure ReadStatus(Status status, string? retryAfter = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error"u8);
            if (!string.IsNullOrEmpty(status.Detail)) writer.WriteString("message"u8, status.Detail);
            // An image by address that xAI could not fetch (xai-api 3.2): the caller's to mend.
            if (status.StatusCode == StatusCode.DataLoss) writer.WriteString("code"u8, "invalid_image_url"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return UpstreamMessage.Read(HttpStatus(status.StatusCode), buffer.WrittenSpan, retryAfter);
    }

    private static int HttpStatus(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange or StatusCode.DataLoss => 400,
        StatusCode.Unauthenticated => 401,
        StatusCode.PermissionDenied => 403,
        StatusCode.NotFound => 404,
        StatusCode.AlreadyExists or StatusCode.Aborted => 409,
        StatusCode.ResourceExhausted => 429,
        StatusCode.Unimplemented => 501,
        StatusCode.Unavailable => 503,
        StatusCode.DeadlineExceeded => 504,
        _ => 500,
    };
}
