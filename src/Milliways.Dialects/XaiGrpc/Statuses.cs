using Grpc.Core;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Failures as statuses of calls (xai-api 3.2). The text is the client's to read; percent-encoding it is the host's.</summary>
public static class Statuses
{
    public static Status Of(Failure failure) => new(CodeOf(failure), TextOf(failure));

    /// <summary>Clients try UNAVAILABLE again by themselves, four times, as long as no message has come; no other status (vectors, 3).</summary>
    public static StatusCode CodeOf(Failure failure) => failure.Kind switch
    {
        // An image by address that could not be fetched, whether we tried or the upstream (xai-api 3.2).
        FailureKind.InvalidRequest or FailureKind.UpstreamRefused when failure.Code == "invalid_image_url" => StatusCode.DataLoss,
        FailureKind.InvalidRequest or FailureKind.Unprocessable or FailureKind.Unsupported or FailureKind.ContextExceeded => StatusCode.InvalidArgument,
        FailureKind.UnsupportedMediaType => StatusCode.InvalidArgument,
        FailureKind.NoKey or FailureKind.WrongKey => StatusCode.Unauthenticated,
        FailureKind.Forbidden or FailureKind.OutOfCredits => StatusCode.PermissionDenied,
        FailureKind.ModelNotFound or FailureKind.NotFound => StatusCode.NotFound,
        FailureKind.RouteNotFound or FailureKind.MethodNotAllowed or FailureKind.NotOffered => StatusCode.Unimplemented,
        FailureKind.PayloadTooLarge or FailureKind.RateLimited => StatusCode.ResourceExhausted,
        FailureKind.Overloaded => StatusCode.Unavailable,
        FailureKind.Timeout => StatusCode.DeadlineExceeded,
        // The gateway's own credentials do not mend themselves: trying again would not help.
        FailureKind.UpstreamBroken => failure.Party == FailureParty.Gateway ? StatusCode.Internal : StatusCode.Unavailable,
        FailureKind.UpstreamRefused => Mapped(failure.UpstreamStatus ?? 502),
        _ => StatusCode.Internal,
    };

    /// <summary>How long a client shall wait before it tries again, as trailer <c>grpc-retry-pushback-ms</c>; null: as it likes.</summary>
    public static int? RetryPushbackMilliseconds(Failure failure) => failure.RetryAfterSeconds * 1000;

    private static string TextOf(Failure failure) =>
        failure is { Kind: FailureKind.ContextExceeded, PromptTokens: { } prompt, ContextLimit: { } limit } ? Errors.PromptTooLong(prompt, limit).Message : failure.Message;

    /// <summary>An upstream's status. A quota of the operator's account is a limit of ours.</summary>
    private static StatusCode Mapped(int status) => status switch
    {
        402 or 429 => StatusCode.ResourceExhausted,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.NotFound,
        408 or 504 => StatusCode.DeadlineExceeded,
        409 => StatusCode.Aborted,
        401 => StatusCode.Internal,
        501 => StatusCode.Unimplemented,
        502 or 503 or 529 => StatusCode.Unavailable,
        >= 400 and <= 499 => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };
}
