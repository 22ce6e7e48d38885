using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>Google's errors as failures (dialects 4.13, 7): an object, or an array of one; details may tell when to come again.</summary>
public static class Errors
{
    private const int MostRetrySeconds = 60;

    public static Failure Read(int status, ReadOnlySpan<byte> body, string? retryAfter)
    {
        using var document = body.Length <= 1024 * 1024 ? JsonText.TryParse(body) : null;
        var error = Inner(document?.RootElement ?? default);
        // A wrong key is a 400 there; whose fault it is does not depend on that.
        if (status == 400 && error.Items("details").Any(detail => detail.Text("reason") == "API_KEY_INVALID")) status = 401;
        var failure = UpstreamMessage.Read(status, body, retryAfter);
        return failure.RetryAfterSeconds is null && RetryDelay(error) is { } seconds ? failure with { RetryAfterSeconds = seconds } : failure;
    }

    internal static bool IsError(JsonElement body) =>
        body.ValueKind == JsonValueKind.Array ? body.EnumerateArray().Any(IsError) : body.Get("error").ValueKind == JsonValueKind.Object;

    internal static Failure InStream(JsonElement body)
    {
        var failure = UpstreamMessage.InStream(body);
        return RetryDelay(Inner(body)) is { } seconds ? failure with { RetryAfterSeconds = seconds } : failure;
    }

    private static JsonElement Inner(JsonElement body) =>
        (body.ValueKind == JsonValueKind.Array ? body.EnumerateArray().FirstOrDefault() : body).Get("error");

    /// <summary>RetryInfo's <c>retryDelay</c>, such as <c>"34s"</c> or <c>"34.07s"</c>.</summary>
    private static int? RetryDelay(JsonElement error)
    {
        foreach (var detail in error.Items("details"))
        {
            if (detail.Text("retryDelay") is not { Length: > 1 } delay || delay[^1] != 's') continue;
            if (double.TryParse(delay.AsSpan(0, delay.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
                return (int)Math.Clamp(Math.Ceiling(seconds), 1, MostRetrySeconds);
        }

        return null;
    }
}
