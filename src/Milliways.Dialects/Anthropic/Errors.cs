using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>Failures as statuses and bodies of Messages, and upstream errors as failures (dialects 2.12, 4.13). One flavour: the path decides (contract).</summary>
public static class Errors
{
    /// <summary>The HTTP status of a failure before the status commit.</summary>
    public static int Status(Failure failure) => failure.Kind switch
    {
        FailureKind.InvalidRequest or FailureKind.Unprocessable or FailureKind.Unsupported or FailureKind.ContextExceeded => 400,
        FailureKind.NoKey or FailureKind.WrongKey => 401,
        FailureKind.Forbidden => 403,
        FailureKind.OutOfCredits => 402,
        FailureKind.ModelNotFound or FailureKind.NotFound or FailureKind.RouteNotFound => 404,
        FailureKind.MethodNotAllowed => 405,
        FailureKind.NotOffered => 501,
        FailureKind.PayloadTooLarge => 413,
        FailureKind.UnsupportedMediaType => 415,
        FailureKind.RateLimited => 429,
        FailureKind.Overloaded => failure.Party == FailureParty.Upstream ? 529 : 503,
        FailureKind.Timeout => 504,
        FailureKind.UpstreamBroken => 502,
        FailureKind.UpstreamRefused => Mapped(failure.UpstreamStatus ?? 502),
        _ => 500,
    };

    /// <summary>The whole body of an error answer.</summary>
    public static void Write(Failure failure, IBufferWriter<byte> output, string? requestId = null)
    {
        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, TypeOf(Status(failure)));
        writer.WriteString("message"u8, Text(failure));
        writer.WriteEndObject();
        writer.WriteString("request_id"u8, requestId);
        writer.WriteEndObject();
    }

    /// <summary>An upstream's error answer (dialects 4.13).</summary>
    public static Failure Read(int upstreamStatus, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamMessage.Read(upstreamStatus, body, retryAfter);

    internal static Failure InStream(JsonElement error) => UpstreamMessage.InStream(error);

    private static int Mapped(int status) => status switch
    {
        402 => 429,
        408 or 504 => 504,
        422 => 400,
        503 or 529 => 529,
        >= 400 and <= 499 => status,
        _ => 500,
    };

    /// <summary>Claude Code compacts when it reads "prompt is too long" (dialects 2.13).</summary>
    private static string Text(Failure failure) => failure switch
    {
        { Kind: FailureKind.ContextExceeded, PromptTokens: { } prompt, ContextLimit: { } limit } =>
            string.Create(CultureInfo.InvariantCulture, $"prompt is too long: {prompt} tokens > {limit} maximum"),
        { Kind: FailureKind.ContextExceeded } when !failure.Message.Contains("prompt is too long", StringComparison.Ordinal) =>
            "prompt is too long: " + failure.Message,
        _ => failure.Message,
    };

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 or 529 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
