using System.Text;
using System.Text.Json.Serialization;

namespace Milliways.Logs;

/// <summary>Which entries are asked for.</summary>
/// <param name="Team">Null: the first one; <c>none</c>: those of requests without a key that is known.</param>
/// <param name="After">The <c>next</c> of the page before; null: from the newest on.</param>
/// <param name="WrittenAfter">For followers: only what was written after this number; -1: from now on.</param>
internal sealed record LogsOf(string? Team, IReadOnlyList<FilterText> Filters, int Limit, string? After, long? WrittenAfter);

/// <param name="Next">Asks for the page behind this one; null: there is none.</param>
/// <param name="Incomplete">The page is not full because so many entries were looked through for it as may be: there may be others behind it.</param>
internal sealed record LogPage(string Team, IReadOnlyList<LogEntry> Entries, string? Next, bool Incomplete);

/// <param name="Next">What was written after this number is still to be asked for.</param>
internal sealed record LogNews(IReadOnlyList<LogEntry> Entries, long Next);

/// <param name="Id">Of an entry or of a request.</param>
internal sealed record LogRef(string? Team, string Id, bool Payloads);

/// <param name="Entry">The one that was asked for, or the last step of the request.</param>
/// <param name="Others">Earlier steps of the same request.</param>
/// <param name="Payload">Null: it was not kept, or not asked for.</param>
internal sealed record LogDetail(LogEntry Entry, IReadOnlyList<LogEntry> Others, LogPayloadText? Payload);

/// <summary>Bodies that are UTF-8 as text, others as base64.</summary>
internal sealed record LogPayloadText(string RequestHead, string RequestBody, bool RequestIsBase64, string ResponseHead, string ResponseBody, bool ResponseIsBase64)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static LogPayloadText Of(LogPayload payload)
    {
        var ((asked, askedBinary), (answered, answeredBinary)) = (Text(payload.RequestBody), Text(payload.ResponseBody));
        return new LogPayloadText(payload.RequestHead, asked, askedBinary, payload.ResponseHead, answered, answeredBinary);
    }

    private static (string Text, bool IsBase64) Text(byte[] body)
    {
        try
        {
            return (Strict.GetString(body), false);
        }
        catch (DecoderFallbackException)
        {
            return (Convert.ToBase64String(body), true);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LogsOf))]
[JsonSerializable(typeof(LogPage))]
[JsonSerializable(typeof(LogNews))]
[JsonSerializable(typeof(LogRef))]
[JsonSerializable(typeof(LogDetail))]
internal sealed partial class LogsJson : JsonSerializerContext;
