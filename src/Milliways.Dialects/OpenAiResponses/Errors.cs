using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// What differs from Chat's errors: the ends of broken streams (dialects 3.6, 4.13). Bodies and statuses before the stream are Chat's, in both flavours
/// (<see cref="OpenAiChat.Errors"/>).
/// </summary>
public static class Errors
{
    /// <summary>The word of <c>response.error.code</c>; Codex acts on the first three (dialects 3.6).</summary>
    public static string Code(Failure failure) => failure switch
    {
        { Kind: FailureKind.ContextExceeded } or { Code: "context_length_exceeded" } => "context_length_exceeded",
        { UpstreamStatus: 402 } or { Code: "insufficient_quota" } => "insufficient_quota",
        { Kind: FailureKind.RateLimited } or { UpstreamStatus: 429 } => "rate_limit_exceeded",
        { Kind: FailureKind.Overloaded } or { UpstreamStatus: 503 or 529 } => "server_is_overloaded",
        { Kind: FailureKind.InvalidRequest or FailureKind.Unprocessable or FailureKind.Unsupported } or { UpstreamStatus: 400 or 422 } => "invalid_prompt",
        _ => "server_error",
    };

    /// <summary>The end of a stream of which nothing was told yet: one flat event (dialects 3.6).</summary>
    public static void WriteEvent(Failure failure, IBufferWriter<byte> output, long sequenceNumber = 0)
    {
        output.Write("event: error\ndata: "u8);
        using (var writer = JsonText.Writer(output))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "error"u8);
            writer.WriteNumber("sequence_number"u8, sequenceNumber);
            writer.WriteString("code"u8, Code(failure));
            writer.WriteString("message"u8, failure.Message);
            writer.WriteString("param"u8, failure.Param);
            writer.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }
}
