using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>Upstream errors of every odd shape to one failure (dialects 4.13), whatever dialect the upstream speaks.</summary>
public static partial class UpstreamMessage
{
    private const int MaxLength = 1000;
    private const int MaxRetrySeconds = 60;

    /// <summary>An answer with an error status.</summary>
    public static Failure Read(int status, ReadOnlySpan<byte> body, string? retryAfter)
    {
        using var document = body.Length <= 1024 * 1024 ? JsonText.TryParse(body) : null;
        var failure = From(document?.RootElement ?? default, status);
        return RetryAfter(retryAfter) is { } seconds ? failure with { RetryAfterSeconds = seconds } : failure;
    }

    /// <summary>A key that the upstream refuses, told to whoever it belongs to: in the upstream's own words, and nobody's fault but the key's.</summary>
    public static Failure OfKey(int status, ReadOnlySpan<byte> body)
    {
        using var document = body.Length <= 1024 * 1024 ? JsonText.TryParse(body) : null;
        return new Failure(FailureKind.UpstreamRefused, FailureParty.Client, "headers", Clean(MessageOf(document?.RootElement ?? default)) ?? "The provider did not accept the key.")
        {
            UpstreamStatus = status, Code = "invalid_api_key",
        };
    }

    /// <summary>An error object in a 200: its own words tell the status, if anything does.</summary>
    public static Failure InStream(JsonElement error)
    {
        var inner = Unwrapped(error);
        var status = inner.Index("code") ?? inner.Index("status") ?? error.Index("code") ?? error.Index("status") ?? 0;
        if (status is < 400 or > 599) status = StatusOf(inner.Text("type")) ?? StatusOf(inner.Text("code")) ?? StatusOf(inner.Text("status")) ?? 0;
        if (status != 0) return From(error, status) with { Stage = "stream" };
        return Failure.Broken("stream", Clean(MessageOf(error)) ?? "The upstream broke off its answer with an error.");
    }

    /// <summary>A text of somebody else's as a client may read it: without credentials, control characters and markup. Null: there is nothing to read.</summary>
    public static string? Plain(string? text) => Clean(text);

    private static Failure From(JsonElement body, int status)
    {
        var inner = Unwrapped(body);
        var message = Clean(MessageOf(body));
        var code = inner.Text("code") ?? inner.Text("type");
        if (status is 400 or 413 or 422 or 500 && message is not null && IsContextExceeded(code, message))
        {
            var (prompt, limit) = Counts(message);
            return new Failure(FailureKind.ContextExceeded, FailureParty.Client, "headers", message)
            {
                Code = "context_length_exceeded", UpstreamStatus = status, PromptTokens = prompt, ContextLimit = limit,
            };
        }

        // A key of the gateway that the upstream refuses is the operator's affair: its text may name the key.
        if (status == 401 || (status == 400 && message is not null && message.StartsWith("Incorrect API key", StringComparison.OrdinalIgnoreCase)))
        {
            return new Failure(FailureKind.UpstreamBroken, FailureParty.Gateway, "headers", "The upstream did not accept the gateway's credentials.")
            {
                Code = "upstream_error", UpstreamStatus = status,
            };
        }

        var party = status is >= 400 and < 500 and not (402 or 407 or 408 or 429) ? FailureParty.Client : FailureParty.Upstream;
        return new Failure(FailureKind.UpstreamRefused, party, "headers", message ?? Generic(status))
        {
            UpstreamStatus = status, Param = inner.Text("param") is { Length: <= 200 } param ? param : null, Code = SafeCode(code),
        };
    }

    private static string Generic(int status) => status switch
    {
        429 => "The upstream refused the request: too many requests.",
        503 or 529 => "The upstream is overloaded.",
        408 or 504 => "The upstream did not answer in time.",
        _ => string.Create(CultureInfo.InvariantCulture, $"The upstream answered with status {status}."),
    };

    /// <summary>The object that holds the message: <c>error</c>, the first of an array (Gemini), or the body itself.</summary>
    private static JsonElement Unwrapped(JsonElement body)
    {
        if (body.ValueKind == JsonValueKind.Array) body = body.EnumerateArray().FirstOrDefault();
        var error = body.Get("error");
        return error.ValueKind == JsonValueKind.Object ? error : body;
    }

    private static string? MessageOf(JsonElement body)
    {
        if (body.ValueKind == JsonValueKind.String) return JsonText.Of(body);
        if (body.ValueKind == JsonValueKind.Array) body = body.EnumerateArray().FirstOrDefault();
        if (body.Text("error") is { Length: > 0 } text) return text;
        var inner = Unwrapped(body);
        foreach (var name in (ReadOnlySpan<string>)["message", "detail", "msg", "error_msg", "error_description", "title"])
        {
            if (inner.Text(name) is { Length: > 0 } found) return found;
            if (body.Text(name) is { Length: > 0 } outer) return outer;
        }

        // FastAPI: detail is a list of {loc, msg, type}.
        foreach (var item in body.Items("detail"))
            if (item.Text("msg") is { Length: > 0 } detail) return detail;
        return null;
    }

    private static int? StatusOf(string? word) => word switch
    {
        "invalid_request_error" or "context_length_exceeded" or "BadRequestError" or "INVALID_ARGUMENT" or "FAILED_PRECONDITION" => 400,
        "authentication_error" or "invalid_api_key" or "UNAUTHENTICATED" => 401,
        "billing_error" or "insufficient_quota" => 402,
        "permission_error" or "PERMISSION_DENIED" => 403,
        "not_found_error" or "model_not_found" or "NOT_FOUND" => 404,
        "request_too_large" => 413,
        "rate_limit_error" or "rate_limit_exceeded" or "RESOURCE_EXHAUSTED" => 429,
        "api_error" or "server_error" or "InternalServerError" or "INTERNAL" => 500,
        "service_unavailable_error" or "server_is_overloaded" or "UNAVAILABLE" => 503,
        "timeout_error" or "DEADLINE_EXCEEDED" => 504,
        "overloaded_error" => 529,
        _ => null,
    };

    private static bool IsContextExceeded(string? code, string message) =>
        code == "context_length_exceeded"
        || message.StartsWith("prompt is too long", StringComparison.OrdinalIgnoreCase)
        || message.Contains("maximum prompt length", StringComparison.OrdinalIgnoreCase)
        || message.Contains("maximum context length", StringComparison.OrdinalIgnoreCase)
        || message.Contains("context length exceeded", StringComparison.OrdinalIgnoreCase)
        || message.Contains("exceeds the maximum number of tokens", StringComparison.OrdinalIgnoreCase)
        || message.Contains("exceeds the available context size", StringComparison.OrdinalIgnoreCase);

    /// <summary>"N tokens > M maximum", "maximum ... is M but ... N tokens": the limit is the smaller of the first two numbers.</summary>
    private static (long? Prompt, long? Limit) Counts(string message)
    {
        var numbers = new List<long>();
        foreach (Match match in Numbers().Matches(message))
            if (long.TryParse(match.Value.Replace(",", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) numbers.Add(number);
        return numbers.Count < 2 ? (null, null) : (Math.Max(numbers[0], numbers[1]), Math.Min(numbers[0], numbers[1]));
    }

    [GeneratedRegex(@"\d[\d,]{2,}")]
    private static partial Regex Numbers();

    /// <summary>What looks like a credential is taken out; control characters and endless texts too. HTML is nobody's message.</summary>
    private static string? Clean(string? message)
    {
        if (string.IsNullOrWhiteSpace(message)) return null;
        if (message.AsSpan().TrimStart().StartsWith("<")) return null;
        var builder = new StringBuilder(Math.Min(message.Length, MaxLength));
        foreach (var letter in message)
        {
            if (builder.Length >= MaxLength) break;
            builder.Append(char.IsControl(letter) ? ' ' : letter);
        }

        if (builder.Length > 0 && char.IsHighSurrogate(builder[^1])) builder.Length--;
        return Credentials().Replace(builder.ToString(), "[key]").Trim();
    }

    [GeneratedRegex(@"(?i)\b(?:bearer\s+\S+|(?:sk|xai|gsk|pk|rk)-[\w*.-]{6,}|(?:key|api)-[\w*]{16,}|AIza[\w*-]{10,}|[\w-]{2,8}\*{3,}[\w-]*)")]
    private static partial Regex Credentials();

    private static string? SafeCode(string? code) => code is { Length: > 0 and <= 64 } && !code.AsSpan().ContainsAnyExcept(ToolNames.Allowed) ? code : null;

    private static int? RetryAfter(string? header)
    {
        if (!double.TryParse(header, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)) return null;
        return (int)Math.Clamp(Math.Ceiling(seconds), 1, MaxRetrySeconds);
    }
}
