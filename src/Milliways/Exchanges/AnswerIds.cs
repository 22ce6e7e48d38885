using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>Ids of answers that we write ourselves, derived from the request's id so that a log line finds them.</summary>
internal static class AnswerIds
{
    /// <summary>xAI's are UUIDs, OpenAI's start with chatcmpl- (xai-api 1.3.6; dialects 1.5).</summary>
    public static string Chat(string requestId, Flavour flavour) =>
        flavour == Flavour.Xai ? Guid.ParseExact(requestId.AsSpan(4), "N").ToString("D") : "chatcmpl-" + requestId[4..];

    public static string Completion(string requestId, Flavour flavour) => flavour == Flavour.Xai ? Chat(requestId, flavour) : "cmpl-" + requestId[4..];

    public static string Complete(string requestId) => "compl_" + requestId[4..];

    /// <summary>xAI's are UUIDs, OpenAI's start with resp_ (xai-api 1.6.2; dialects 3.5).</summary>
    public static string Response(string requestId, Flavour flavour) =>
        flavour == Flavour.Xai ? Guid.ParseExact(requestId.AsSpan(4), "N").ToString("D") : "resp_" + requestId[4..];

    /// <summary><c>cmp_</c> (xai-api 1.6.2).</summary>
    public static string Compaction(string requestId) => "cmp_" + requestId[4..];

    public static string Message(string requestId) => "msg_" + requestId[4..];
}
