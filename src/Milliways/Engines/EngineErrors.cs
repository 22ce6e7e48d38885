using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Engines;

/// <summary>
/// Failures between the engine's process and the server: OpenAI's error object, with the failure's own facts beside it, so that the caller's dialect can
/// say them in its own words.
/// </summary>
internal static class EngineErrors
{
    public static int Status(Failure failure) => Dialects.OpenAiChat.Errors.Status(failure, Flavour.OpenAi);

    public static void Write(Failure failure, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, failure.Message);
        writer.WriteString("type"u8, Status(failure) >= 500 ? "server_error"u8 : "invalid_request_error"u8);
        writer.WriteString("param"u8, failure.Param);
        writer.WriteString("code"u8, failure.Code);
        writer.WriteEndObject();
        writer.WriteStartObject("failure"u8);
        writer.WriteString("kind"u8, failure.Kind.ToString());
        writer.WriteString("party"u8, failure.Party.ToString());
        writer.WriteString("stage"u8, failure.Stage);
        if (failure.RetryAfterSeconds is { } seconds)
            writer.WriteNumber("retry_after"u8, seconds);
        if (failure.PromptTokens is { } prompt)
            writer.WriteNumber("prompt_tokens"u8, prompt);
        if (failure.ContextLimit is { } limit)
            writer.WriteNumber("context_limit"u8, limit);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The failure that the engine wrote, or null when the body is not of its making.</summary>
    public static Failure? Read(int status, ReadOnlySpan<byte> body, string? retryAfter)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            var (error, facts) = (document.RootElement.GetProperty("error"u8), document.RootElement.GetProperty("failure"u8));
            if (!Enum.TryParse<FailureKind>(facts.GetProperty("kind"u8).GetString(), out var kind)
                || !Enum.TryParse<FailureParty>(facts.GetProperty("party"u8).GetString(), out var party))
                return null;
            return new Failure(kind, party, facts.GetProperty("stage"u8).GetString() ?? "engine", error.GetProperty("message"u8).GetString() ?? "")
            {
                Param = error.GetProperty("param"u8).GetString(),
                Code = error.GetProperty("code"u8).GetString(),
                RetryAfterSeconds = facts.TryGetProperty("retry_after"u8, out var seconds) ? seconds.GetInt32()
                    : int.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var header) ? header : null,
                PromptTokens = facts.TryGetProperty("prompt_tokens"u8, out var prompt) ? prompt.GetInt64() : null,
                ContextLimit = facts.TryGetProperty("context_limit"u8, out var limit) ? limit.GetInt64() : null,
            };
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
