namespace Milliways.Tests.Support;

/// <summary>Small answers and requests in both dialects.</summary>
internal static class Answers
{
    public const string Chat =
        """{"id":"up-1","object":"chat.completion","created":1734999999,"model":"alpha-7","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""";

    public const string Messages =
        """{"id":"msg_up","type":"message","role":"assistant","model":"claude-x-1","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}""";

    public const string Responses =
        """{"id":"resp_up","object":"response","created_at":1734999999,"status":"completed","model":"m","output":[{"type":"message","id":"msg_up","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}],"store":true,"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":4}}""";

    public const string Done = "data: [DONE]\n\n";

    public static string Chunk(string text) =>
        $$$"""data: {"id":"up-1","object":"chat.completion.chunk","created":1734999999,"model":"alpha-7","choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}]}""" + "\n\n";

    public const string Role =
        """data: {"id":"up-1","object":"chat.completion.chunk","created":1734999999,"model":"alpha-7","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""" + "\n\n";

    public const string Finish =
        """data: {"id":"up-1","object":"chat.completion.chunk","created":1734999999,"model":"alpha-7","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";

    public const string Usage =
        """data: {"id":"up-1","object":"chat.completion.chunk","created":1734999999,"model":"alpha-7","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""" + "\n\n";

    public const string MessageStart =
        "event: message_start\n" + """data: {"type":"message_start","message":{"id":"msg_up","type":"message","role":"assistant","model":"claude-x-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}}""" + "\n\n";

    public const string BlockStart = "event: content_block_start\n" + """data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""" + "\n\n";

    public static string Delta(string text) =>
        "event: content_block_delta\n" + $$$"""data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{text}}}"}}""" + "\n\n";

    public const string BlockStop = "event: content_block_stop\n" + """data: {"type":"content_block_stop","index":0}""" + "\n\n";

    public const string MessageDelta =
        "event: message_delta\n" + """data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}""" + "\n\n";

    public const string MessageStop = "event: message_stop\n" + """data: {"type":"message_stop"}""" + "\n\n";

    public static string[] ChatStream => [Role, Chunk("Hi"), Finish, Usage, Done];

    public static string[] MessagesStream => [MessageStart, BlockStart, Delta("Hi"), BlockStop, MessageDelta, MessageStop];

    /// <summary>A Chat request.</summary>
    public static string Ask(string model = "alpha", bool stream = false, string more = "") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hello"}]{{(stream ? ",\"stream\":true" : "")}}{{more}}}""";

    /// <summary>A Messages request.</summary>
    public static string Say(string model = "claude-x", bool stream = false, string more = "") =>
        $$"""{"model":"{{model}}","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]{{(stream ? ",\"stream\":true" : "")}}{{more}}}""";
}
