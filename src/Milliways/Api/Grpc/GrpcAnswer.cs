using Google.Protobuf;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Api.Grpc;

/// <summary>Answers that are made here, without an exchange.</summary>
internal static class GrpcAnswer
{
    public static Task WriteAsync(HttpContext http, IMessage message)
    {
        var response = http.Response;
        response.ContentType = GrpcProtocol.ContentType;
        GrpcFrame.Write(response.BodyWriter, message);
        response.AppendTrailer(GrpcProtocol.Status, "0");
        return response.CompleteAsync();
    }
}
