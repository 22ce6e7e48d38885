using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;

namespace Milliways.Api;

/// <summary>Paths of xAI's API whose service is not offered here: 501 with the reason and the remedy, so that nobody takes them for a mistyped address.</summary>
internal static class StatedAnswers
{
    /// <summary>Method, path and what is said.</summary>
    public static IReadOnlyList<(string Method, string Path, string Summary, string Reason)> Rows { get; } =
    [
        ("POST", "/v1/responses/compact", "Not offered: compaction of a conversation", "Conversations are not compacted here: shorten the input, or begin a new response without previous_response_id."),
        ("GET", "/v1/responses", "Not offered: Responses over WebSocket", "Responses are not served over WebSocket: POST /v1/responses, with \"stream\": true for events."),
        ("GET", "/v1/realtime", "Not offered: voice sessions", Voice),
        ("POST", "/v1/realtime/client_secrets", "Not offered: voice sessions", Voice),
        ("POST", "/v1/tts", "Not offered: text to speech", Voice),
        ("POST", "/v1/stt", "Not offered: speech to text", Voice),
        ("GET", "/v1/collections", "Not offered: collections", Collections),
        ("POST", "/v1/collections", "Not offered: collections", Collections),
        ("GET", "/v1/collections/{path}", "Not offered: collections", Collections),
        ("POST", "/v1/collections/{path}", "Not offered: collections", Collections),
        ("PUT", "/v1/collections/{path}", "Not offered: collections", Collections),
        ("DELETE", "/v1/collections/{path}", "Not offered: collections", Collections),
    ];

    private const string Voice = "Voice is not served here: no upstream dialect of this server carries it. Call the provider's own address for it.";

    private const string Collections = "Collections are managed with xAI's management API at https://management-api.x.ai; POST /v1/documents/search searches them.";

    public static Task WriteAsync(HttpContext http, ApiKey key, string reason) =>
        FailureAnswer.WriteAsync(http, ErrorWriters.Of(key.Flavour ?? Flavour.Xai), new Failure(FailureKind.NotOffered, FailureParty.Gateway, "route", reason));
}
