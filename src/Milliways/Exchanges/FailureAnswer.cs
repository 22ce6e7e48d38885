using System.Buffers;
using System.Globalization;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>Sends a failure as a whole answer: status, headers and body in the caller's dialect.</summary>
internal static class FailureAnswer
{
    /// <summary>Some clients wait out any value, others stop retrying above this (contract, "Choices where sources differ").</summary>
    private const int MostRetryAfter = 60;

    public static async Task WriteAsync(HttpContext http, IErrorWriter errors, Failure failure, Exchange? exchange = null)
    {
        var response = http.Response;
        if (exchange is { Trailing: null, Refused: { } refused } && ReferenceEquals(refused.Failure, failure))
        {
            await WriteAsync(exchange, refused);
            return;
        }
        var trailing = exchange?.Trailing;
        var status = errors.Status(failure);
        (response.StatusCode, response.ContentType) = trailing is null ? (status, "application/json") : (StatusCodes.Status200OK, trailing.ContentType);
        Head(response.Headers, failure, status);
        if (exchange is { HasAsked: true })
            AnswerHead.Facts(exchange);
        if (trailing is not null)
        {
            trailing.Refuse(http, failure);
            return;
        }
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        using var body = new PooledWriter();
        errors.WriteFailure(failure, RequestIds.Of(http), body);
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body.Written);
        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>The headers of every failure.</summary>
    /// <param name="status">That it has, or would have, as an HTTP answer.</param>
    public static void Head(IHeaderDictionary headers, Failure failure, int status)
    {
        headers["x-milliways-failed"] = PartyAndStage(failure);
        if (RefusedBecause(failure) is { } reason)
            headers["x-milliways-refused"] = reason;
        if (failure.RetryAfterSeconds is not null || status == StatusCodes.Status429TooManyRequests)
            headers.RetryAfter = Math.Clamp(failure.RetryAfterSeconds ?? 1, 1, MostRetryAfter).ToString(CultureInfo.InvariantCulture);
        // SDKs try every 5xx and every 429 again unless told not to (xai-api 1.15.4).
        if (status == StatusCodes.Status501NotImplemented || failure.Kind == FailureKind.OutOfCredits)
            headers["x-should-retry"] = "false";
    }

    /// <summary>An upstream's own error, as it came.</summary>
    private static async Task WriteAsync(Exchange exchange, RefusedAnswer refused)
    {
        var response = exchange.Http.Response;
        response.StatusCode = refused.Status;
        response.Headers["x-milliways-failed"] = PartyAndStage(refused.Failure);
        AnswerHead.Facts(exchange);
        foreach (var (name, value) in refused.Headers)
            response.Headers[name] = value;
        if (HttpMethods.IsHead(exchange.Http.Request.Method) || refused.Status is 204 or 304)
            return;
        response.ContentLength = refused.Body.Length;
        response.BodyWriter.Write(refused.Body);
        await response.BodyWriter.FlushAsync(exchange.Http.RequestAborted);
    }

    /// <summary>The body alone, for an answer that is read later.</summary>
    public static byte[] Body(IErrorWriter errors, Failure failure, string requestId)
    {
        using var body = new PooledWriter();
        errors.WriteFailure(failure, requestId, body);
        return body.Written.ToArray();
    }

    /// <summary>The value of <c>x-milliways-failed</c>.</summary>
    public static string PartyAndStage(Failure failure) => $"{Party(failure.Party)}, {failure.Stage}";

    /// <summary>As <c>x-milliways-failed</c> names it.</summary>
    public static string Party(FailureParty party) => party switch
    {
        FailureParty.Client => "client",
        FailureParty.Gateway => "gateway",
        _ => "upstream",
    };

    /// <summary>Contract, "Refusals".</summary>
    public static string? RefusedBecause(Failure failure) => failure.Kind switch
    {
        FailureKind.NoKey or FailureKind.WrongKey => "key",
        FailureKind.OutOfCredits => "credits",
        FailureKind.Forbidden when failure.Stage == "price" => "credits",
        _ when failure.Stage == "acl" => "acl",
        FailureKind.Forbidden => "blocked",
        FailureKind.ContextExceeded => "context",
        FailureKind.RateLimited when failure.Party != FailureParty.Upstream => "limit",
        FailureKind.Overloaded when failure.Party == FailureParty.Gateway => "overload",
        _ => null,
    };
}
