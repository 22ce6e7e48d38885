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
        if (exchange?.Refused is { } refused && ReferenceEquals(refused.Failure, failure))
        {
            await WriteAsync(exchange, refused);
            return;
        }
        var status = errors.Status(failure);
        response.StatusCode = status;
        response.ContentType = "application/json";
        var headers = response.Headers;
        headers["x-milliways-failed"] = $"{Party(failure.Party)}, {failure.Stage}";
        if (RefusedBecause(failure) is { } reason)
            headers["x-milliways-refused"] = reason;
        if (exchange is { HasAsked: true })
            AnswerHead.Facts(exchange);
        if (failure.RetryAfterSeconds is { } seconds || status == StatusCodes.Status429TooManyRequests)
            headers.RetryAfter = Math.Clamp(failure.RetryAfterSeconds ?? 1, 1, MostRetryAfter).ToString(CultureInfo.InvariantCulture);
        // SDKs try every 5xx and every 429 again unless told not to (xai-api 1.15.4).
        if (status == StatusCodes.Status501NotImplemented || failure.Kind == FailureKind.OutOfCredits)
            headers["x-should-retry"] = "false";
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        using var body = new PooledWriter();
        errors.WriteFailure(failure, RequestIds.Of(http), body);
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body.Written);
        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>An upstream's own error, as it came.</summary>
    private static async Task WriteAsync(Exchange exchange, RefusedAnswer refused)
    {
        var response = exchange.Http.Response;
        response.StatusCode = refused.Status;
        response.Headers["x-milliways-failed"] = $"{Party(refused.Failure.Party)}, {refused.Failure.Stage}";
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
