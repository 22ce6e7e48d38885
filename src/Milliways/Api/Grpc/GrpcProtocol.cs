namespace Milliways.Api.Grpc;

/// <summary>The protocol's words (gRPC over HTTP/2).</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string RetryPushback = "grpc-retry-pushback-ms";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string Encodings = "identity,gzip";

    /// <summary>True for any kind of gRPC, those that we do not speak included.</summary>
    public static bool IsMeant(string? contentType) => contentType is not null && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase);

    /// <summary>True for protobuf messages: <c>application/grpc</c>, with or without <c>+proto</c> and parameters.</summary>
    public static bool IsSpoken(string? contentType)
    {
        if (!IsMeant(contentType))
            return false;
        var rest = contentType.AsSpan(ContentType.Length);
        if (rest.StartsWith("+proto", StringComparison.OrdinalIgnoreCase))
            rest = rest["+proto".Length..];
        return rest.IsEmpty || rest[0] is ';' or ' ';
    }
}
