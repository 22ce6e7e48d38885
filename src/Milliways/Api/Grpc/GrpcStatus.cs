using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;

namespace Milliways.Api.Grpc;

/// <summary>
/// The outcome of a call: in the head when there is nothing else ("trailers-only"), behind the messages otherwise. What a REST answer has in its headers and was
/// not known when the head went out goes there too, and the cost of every answer.
/// </summary>
/// <param name="config">Bounds of messages, and whether they are compressed.</param>
/// <param name="check">Why a frame is no answer although it was made; null: every frame is one.</param>
internal sealed class GrpcStatus(GrpcConfig config, FrameCheck? check = null) : ITrailingStatus
{
    /// <summary>Smaller answers do not get smaller.</summary>
    private const int LeastZipped = 1024;

    /// <summary>As of Retry-After (contract, "Choices where sources differ"), in milliseconds.</summary>
    private const int MostPushback = 60_000;

    /// <summary>The most characters of an encoded message: the whole head must stay within what clients take, 8 KiB with some.</summary>
    private const int MostMessage = 4096;

    public string ContentType => GrpcProtocol.ContentType;

    public void Refuse(HttpContext http, Failure failure) => Tell(http, failure);

    /// <summary>The outcome of a call that has no messages.</summary>
    public static void Tell(HttpContext http, Failure failure)
    {
        var headers = http.Response.Headers;
        var (code, message) = Of(failure);
        headers[GrpcProtocol.Status] = code;
        headers[GrpcProtocol.Message] = message;
        if (Statuses.RetryPushbackMilliseconds(failure) is { } wait)
            headers[GrpcProtocol.RetryPushback] = Math.Min(wait, MostPushback).ToString(CultureInfo.InvariantCulture);
    }

    public Failure? Pack(HttpContext http, ReadOnlyMemory<byte> answer, out ReadOnlyMemory<byte> packed)
    {
        packed = default;
        if (answer.Length - GrpcFrame.HeadLength > config.MaxMessageBytes)
            return GrpcFrame.TooLarge(config.MaxMessageBytes);
        if (check?.Invoke(answer.Span) is { } none)
            return none;
        packed = Zip(http, answer);
        return null;
    }

    private ReadOnlyMemory<byte> Zip(HttpContext http, ReadOnlyMemory<byte> answer)
    {
        if (!config.Gzip || answer.Length < LeastZipped || !http.Request.Headers[GrpcProtocol.AcceptEncoding].ToString().Split(',', StringSplitOptions.TrimEntries).Contains(GrpcProtocol.Gzip))
            return answer;
        using var output = new MemoryStream(answer.Length / 2);
        output.Write(new byte[GrpcFrame.HeadLength]);
        using (var zip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(answer.Span[GrpcFrame.HeadLength..]);
        var zipped = output.ToArray();
        zipped[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(zipped.AsSpan(1), zipped.Length - GrpcFrame.HeadLength);
        http.Response.Headers[GrpcProtocol.Encoding] = GrpcProtocol.Gzip;
        return zipped;
    }

    public void Complete(Exchange exchange)
    {
        var response = exchange.Http.Response;
        AnswerHead.Late(exchange);
        Cost(exchange);
        response.AppendTrailer(GrpcProtocol.Status, "0");
    }

    public void Fail(Exchange exchange, Failure failure)
    {
        var response = exchange.Http.Response;
        AnswerHead.Late(exchange);
        Cost(exchange);
        response.AppendTrailer("x-milliways-failed", FailureAnswer.PartyAndStage(failure));
        Fail(exchange.Http, failure);
    }

    /// <summary>Of a broken answer too: what was delivered is charged.</summary>
    private static void Cost(Exchange exchange)
    {
        if (exchange.Bill is { } bill)
            exchange.Http.Response.AppendTrailer("x-milliways-cost-ticks", bill.Charged.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Ends an answer that has begun, outside of any exchange.</summary>
    public static void Fail(HttpContext http, Failure failure)
    {
        var (code, message) = Of(failure);
        http.Response.AppendTrailer(GrpcProtocol.Status, code);
        http.Response.AppendTrailer(GrpcProtocol.Message, message);
        if (Statuses.RetryPushbackMilliseconds(failure) is { } wait)
            http.Response.AppendTrailer(GrpcProtocol.RetryPushback, Math.Min(wait, MostPushback).ToString(CultureInfo.InvariantCulture));
    }

    private static (string Code, string Message) Of(Failure failure)
    {
        var status = Statuses.Of(failure);
        return (((int)status.StatusCode).ToString(CultureInfo.InvariantCulture), PercentEncoding.Encode(status.Detail, MostMessage));
    }
}

/// <summary>Why a frame is no answer; null: it is one.</summary>
internal delegate Failure? FrameCheck(ReadOnlySpan<byte> frame);
