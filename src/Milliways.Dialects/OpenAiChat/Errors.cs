using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Failures as statuses and bodies of Chat Completions, in both flavours, and upstream errors as failures (dialects 1.8, 4.13; xai-api 1.15).</summary>
public static class Errors
{
    /// <summary>The HTTP status of a failure before the status commit.</summary>
    public static int Status(Failure failure, Flavour flavour) => failure.Kind switch
    {
        FailureKind.InvalidRequest or FailureKind.Unsupported or FailureKind.ContextExceeded => 400,
        FailureKind.Unprocessable => flavour == Flavour.Xai ? 422 : 400,
        FailureKind.NoKey => 401,
        FailureKind.WrongKey => flavour == Flavour.Xai ? 400 : 401,
        FailureKind.Forbidden => 403,
        FailureKind.OutOfCredits => flavour == Flavour.Xai ? 403 : 429,
        FailureKind.ModelNotFound or FailureKind.NotFound or FailureKind.RouteNotFound => 404,
        FailureKind.MethodNotAllowed => 405,
        FailureKind.NotOffered => 501,
        FailureKind.PayloadTooLarge => 413,
        FailureKind.UnsupportedMediaType => 415,
        FailureKind.RateLimited => 429,
        FailureKind.Overloaded => 503,
        FailureKind.Timeout => 504,
        FailureKind.UpstreamBroken => 502,
        FailureKind.UpstreamRefused => Mapped(failure.UpstreamStatus ?? 502),
        _ => 500,
    };

    /// <summary>The whole body of an error answer; the same object goes into a stream as its last data frame.</summary>
    public static void Write(Failure failure, Flavour flavour, IBufferWriter<byte> output)
    {
        using var writer = JsonText.Writer(output);
        var status = Status(failure, flavour);
        writer.WriteStartObject();
        if (flavour == Flavour.Xai)
        {
            writer.WriteString("code"u8, Sentence(status));
            writer.WriteString("error"u8, Text(failure, flavour));
        }
        else
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("message"u8, Text(failure, flavour));
            writer.WriteString("type"u8, TypeOf(failure, status));
            writer.WriteString("param"u8, failure.Param);
            writer.WriteString("code"u8, CodeOf(failure, status));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>An upstream's error answer (dialects 4.13).</summary>
    public static Failure Read(int upstreamStatus, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamMessage.Read(upstreamStatus, body, retryAfter);

    /// <summary>No credential came: 401.</summary>
    public static Failure NoKey() => new(FailureKind.NoKey, FailureParty.Client, "key",
        "No or an invalid authentication header was given. Send 'Authorization: Bearer <your API key>'.");

    /// <summary>A credential that is not known; only its first and last two characters are repeated (xai-api 1.15.3).</summary>
    public static Failure WrongKey(string credential, string console) => new(FailureKind.WrongKey, FailureParty.Client, "key",
        $"Incorrect API key provided: {Redacted(credential)}. You can obtain an API key from {console}.") { Code = "invalid_api_key" };

    public static Failure RouteNotFound(string documentation) => new(FailureKind.RouteNotFound, FailureParty.Client, "route",
        $"No handler found on route. Please double check your URL and consult {documentation} for more information.");

    /// <summary>The prompt does not fit into the model's context.</summary>
    public static Failure PromptTooLong(long promptTokens, long contextLimit) => new(FailureKind.ContextExceeded, FailureParty.Client, "context",
        string.Create(CultureInfo.InvariantCulture, $"This model's maximum prompt length is {contextLimit} but the request contains {promptTokens} tokens."))
    {
        PromptTokens = promptTokens, ContextLimit = contextLimit, Code = "context_length_exceeded", Param = "messages",
    };

    /// <summary>Whether an object of a 200, whole or chunk, is an error in disguise (ERR-02, ERR-11).</summary>
    internal static bool IsError(JsonElement body)
    {
        var error = body.Get("error");
        if (error.ValueKind is JsonValueKind.Object or JsonValueKind.True) return true;
        if (error.ValueKind == JsonValueKind.String) return !error.ValueEquals(""u8);
        if (body.Text("object") == "error" || body.Text("type") == "error") return true;
        return !body.Has("choices") && !body.Has("usage") && (body.Has("detail") || (body.Has("message") && (body.Has("code") || body.Has("type"))));
    }

    internal static Failure InStream(JsonElement error) => UpstreamMessage.InStream(error);

    private static string Redacted(string credential) => credential.Length < 8 ? "***" : credential[..2] + "***" + credential[^2..];

    /// <summary>An upstream's status as ours (dialects 4.13). A quota of the operator's account is a 429 that says so.</summary>
    private static int Mapped(int status) => status switch
    {
        402 => 429,
        408 or 504 => 504,
        422 => 400,
        502 or 503 or 529 => 503,
        >= 400 and <= 499 => status,
        _ => 500,
    };

    private static string Text(Failure failure, Flavour flavour)
    {
        if (failure is not { Kind: FailureKind.ContextExceeded, PromptTokens: { } prompt, ContextLimit: { } limit }) return failure.Message;
        return flavour == Flavour.Xai
            ? PromptTooLong(prompt, limit).Message
            : string.Create(CultureInfo.InvariantCulture, $"This model's maximum context length is {limit} tokens. However, your messages resulted in {prompt} tokens. Please reduce the length of the messages.");
    }

    /// <summary>xAI's fixed sentence for a status (xai-api 1.15.2).</summary>
    private static string Sentence(int status) => status switch
    {
        400 or 405 or 413 or 415 or 422 => "Client specified an invalid argument",
        401 => "The request does not have valid authentication credentials",
        403 => "The caller does not have permission to execute the specified operation",
        404 => "Some requested entity was not found",
        409 => "The operation was aborted",
        429 => "Some resource has been exhausted",
        501 => "Operation is not implemented or not supported",
        502 or 503 => "The service is currently unavailable",
        504 => "Deadline expired before operation could complete",
        _ => "Internal error",
    };

    private static string TypeOf(Failure failure, int status) => status switch
    {
        403 => "permission_error",
        429 when IsQuota(failure) => "insufficient_quota",
        429 => failure.LimitedBy ?? "rate_limit_error",
        503 => "service_unavailable_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static bool IsQuota(Failure failure) => failure.UpstreamStatus == 402 || failure.Code == "insufficient_quota";

    private static string? CodeOf(Failure failure, int status) => failure.Kind switch
    {
        FailureKind.ContextExceeded => "context_length_exceeded",
        FailureKind.WrongKey or FailureKind.NoKey => "invalid_api_key",
        FailureKind.ModelNotFound => "model_not_found",
        FailureKind.UpstreamRefused when IsQuota(failure) => "insufficient_quota",
        FailureKind.UpstreamRefused when failure.UpstreamStatus == 529 => "server_is_overloaded",
        FailureKind.UpstreamRefused when failure.UpstreamStatus == 404 => failure.Code ?? "model_not_found",
        FailureKind.OutOfCredits => "insufficient_quota",
        FailureKind.RateLimited => failure.Code ?? "rate_limit_exceeded",
        FailureKind.Overloaded => failure.Code ?? "server_is_overloaded",
        _ => failure.Code,
    };
}
