namespace Milliways.Dialects.Chat;

/// <summary>Who is to blame; goes out in <c>x-milliways-failed</c> in lower case.</summary>
public enum FailureParty { Client, Gateway, Upstream }

/// <summary>What failed. Each dialect's <c>Errors</c> gives it a status and a body; nothing else decides those.</summary>
public enum FailureKind
{
    /// <summary>The body is not JSON, or a value is out of range: 400.</summary>
    InvalidRequest,

    /// <summary>A member is missing or of a wrong type: 422 in xAI's flavour, 400 elsewhere.</summary>
    Unprocessable,

    /// <summary>The target cannot express what was asked: 400 naming the field.</summary>
    Unsupported,

    /// <summary>The prompt does not fit: 400 with each dialect's own text; needs <see cref="Failure.PromptTokens"/> and <see cref="Failure.ContextLimit"/>.</summary>
    ContextExceeded,

    /// <summary>No credential came: 401.</summary>
    NoKey,

    /// <summary>A credential that is not ours or not known: 400 in xAI's flavour, 401 elsewhere.</summary>
    WrongKey,

    /// <summary>The key may not do this: 403.</summary>
    Forbidden,

    /// <summary>The team's credits, or a bound of spending, do not cover it: 403 in xAI's flavour, 429 in OpenAI's, 402 in Anthropic's dialect.</summary>
    OutOfCredits,

    /// <summary>The model's name is not served: 404.</summary>
    ModelNotFound,

    /// <summary>No such thing under this id: 404.</summary>
    NotFound,

    /// <summary>No such path: 404.</summary>
    RouteNotFound,

    MethodNotAllowed,

    /// <summary>A known path whose service is not offered here: 501 naming the remedy.</summary>
    NotOffered,

    PayloadTooLarge,

    UnsupportedMediaType,

    /// <summary>429 with Retry-After.</summary>
    RateLimited,

    /// <summary>Busy or not ready: 503 with Retry-After (529 in Anthropic's dialect when an upstream said so).</summary>
    Overloaded,

    /// <summary>504.</summary>
    Timeout,

    /// <summary>The upstream could not be reached, broke, or gave a 200 that is no answer: 502.</summary>
    UpstreamBroken,

    /// <summary>The upstream refused with a status of its own; <see cref="Failure.UpstreamStatus"/> is mapped (dialects 4.13).</summary>
    UpstreamRefused,

    /// <summary>Ours: 500. Its message is never an internal text.</summary>
    Internal,
}

/// <summary>An expected failure: what, who, at which stage, and the text a client may read.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Party">Who is to blame.</param>
/// <param name="Stage">Where in the walk: key, body, route, connect, headers, first-event, stream, end ...</param>
/// <param name="Message">For the client: names the field and the remedy; never an internal text.</param>
public sealed record Failure(FailureKind Kind, FailureParty Party, string Stage, string Message)
{
    /// <summary>The field at fault, as a path such as <c>messages[0].content</c>.</summary>
    public string? Param { get; init; }

    /// <summary>OpenAI's machine-readable code where one is known (<c>context_length_exceeded</c>).</summary>
    public string? Code { get; init; }

    /// <summary>The status an upstream answered with, for <see cref="FailureKind.UpstreamRefused"/>.</summary>
    public int? UpstreamStatus { get; init; }

    /// <summary>Seconds after which a retry makes sense; at most 60 is sent (contract).</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>What a limit of ours counts, <c>requests</c> or <c>tokens</c>: OpenAI's <c>type</c> of such a 429 (dialects 1.8).</summary>
    public string? LimitedBy { get; init; }

    public long? PromptTokens { get; init; }

    public long? ContextLimit { get; init; }

    public static Failure Invalid(string message, string? param = null) =>
        new(FailureKind.InvalidRequest, FailureParty.Client, "body", message) { Param = param };

    public static Failure Unprocessable(string message, string? param = null) =>
        new(FailureKind.Unprocessable, FailureParty.Client, "body", message) { Param = param };

    public static Failure Unsupported(string message, string param) =>
        new(FailureKind.Unsupported, FailureParty.Client, "body", message) { Param = param, Code = "unsupported_parameter" };

    public static Failure Broken(string stage, string message) =>
        new(FailureKind.UpstreamBroken, FailureParty.Upstream, stage, message) { Code = "upstream_error" };
}
