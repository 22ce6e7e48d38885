namespace Milliways.Dialects.Tests.Capabilities;

/// <summary>One thing an answer can tell, in the words of each upstream's dialect; the mark tells whether it arrives.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Mark">A pattern that the caller's answer then matches.</param>
public sealed record AnswerFeature(string Name, string Mark)
{
    private readonly Dictionary<string, string> samples = [];

    public string? Of(string dialect) => samples.GetValueOrDefault(dialect);

    public AnswerFeature Chat(string message, string choice = "", string reason = "stop", string more = "") =>
        Add("ChatDialect", $$"""{"id":"r","object":"chat.completion","created":1,"model":"u","choices":[{"index":0,"message":{"role":"assistant",{{message}}},"finish_reason":"{{reason}}" CHOICE}] MORE}""", choice, more);

    public AnswerFeature Messages(string blocks, string reason = "end_turn", string more = "", string usage = "\"input_tokens\":1,\"output_tokens\":1") =>
        Add("MessagesDialect", "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"u\",\"content\":[" + blocks + "],\"stop_reason\":\"" + reason + "\",\"usage\":{" + usage + "} MORE}", "", more);

    public AnswerFeature Responses(string items, string more = "\"status\":\"completed\"", string usage = "\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2") =>
        Add("ResponsesDialect", "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"model\":\"u\",\"output\":[" + items + "],\"usage\":{" + usage + "} MORE}", "", more);

    public AnswerFeature Gemini(string parts, string reason = "STOP", string candidate = "", string usage = "\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"totalTokenCount\":2") =>
        Add("GeminiDialect", "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[" + parts + "]},\"finishReason\":\"" + reason + "\",\"index\":0 CHOICE}],\"usageMetadata\":{" + usage + "},\"modelVersion\":\"u\",\"responseId\":\"r\"}", candidate, "");

    /// <summary>In protobuf's JSON.</summary>
    public AnswerFeature Grpc(string message, string output = "", string reason = "REASON_STOP", string more = "") =>
        Add("GrpcUpstream", $$"""{"id":"r","model":"u","outputs":[{"index":0,"message":{"role":"ROLE_ASSISTANT",{{message}}},"finishReason":"{{reason}}" CHOICE}] MORE}""", output, more);

    private AnswerFeature Add(string dialect, string body, string choice, string more)
    {
        samples[dialect] = body.Replace(" CHOICE", choice.Length > 0 ? "," + choice : "", StringComparison.Ordinal).Replace(" MORE", more.Length > 0 ? "," + more : "", StringComparison.Ordinal);
        return this;
    }
}

public static class AnswerFeatures
{
    private const string Hi = "\"content\":\"Hi\"";
    private const string Text = """{"type":"text","text":"Hi"}""";
    private const string Output = """{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}""";
    private const string Part = """{"text":"Hi"}""";

    private static string Called(string id, string name, string arguments) =>
        $$$"""
        "toolCalls":[{"id":"{{{id}}}","type":"TOOL_CALL_TYPE_CLIENT_SIDE_TOOL","function":{"name":"{{{name}}}","arguments":"{{{arguments}}}"}}]
        """;

    public static IReadOnlyList<AnswerFeature> All { get; } =
    [
        new AnswerFeature("text", "MARK").Grpc("\"content\":\"MARK\"").Chat("\"content\":\"MARK\"").Messages("""{"type":"text","text":"MARK"}""").Responses(Output.Replace("Hi", "MARK", StringComparison.Ordinal)).Gemini("""{"text":"MARK"}"""),
        new AnswerFeature("reasoning", "MARK").Grpc(Hi + ",\"reasoningContent\":\"MARK\"").Chat(Hi + ",\"reasoning_content\":\"MARK\"").Messages("""{"type":"thinking","thinking":"MARK","signature":"s"},""" + Text)
            .Responses("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"MARK"}]},""" + Output).Gemini("""{"text":"MARK","thought":true},""" + Part),
        new AnswerFeature("its signature", "MARKSIGNED").Messages("""{"type":"thinking","thinking":"T","signature":"MARKSIGNED"},""" + Text),
        new AnswerFeature("redacted reasoning", "MARKDATA").Messages("""{"type":"redacted_thinking","data":"MARKDATA"},""" + Text),
        new AnswerFeature("function call", "MARK.*x").Grpc(Called("a", "MARK", "{\\\"x\\\":1}"), reason: "REASON_TOOL_CALLS").Chat("\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"MARK\",\"arguments\":\"{\\\"x\\\":1}\"}}]", reason: "tool_calls")
            .Messages("""{"type":"tool_use","id":"a","name":"MARK","input":{"x":1}}""", "tool_use").Responses("""{"type":"function_call","id":"fc_1","call_id":"a","name":"MARK","arguments":"{\"x\":1}","status":"completed"}""")
            .Gemini("""{"functionCall":{"name":"MARK","args":{"x":1}}}"""),
        new AnswerFeature("parallel calls", "ONE.*TWO").Grpc(Called("a", "ONE", "{}")[..^1] + "," + Called("b", "TWO", "{}")["\"toolCalls\":[".Length..], reason: "REASON_TOOL_CALLS").Chat("\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"ONE\",\"arguments\":\"{}\"}},{\"id\":\"b\",\"type\":\"function\",\"function\":{\"name\":\"TWO\",\"arguments\":\"{}\"}}]", reason: "tool_calls")
            .Messages("""{"type":"tool_use","id":"a","name":"ONE","input":{}},{"type":"tool_use","id":"b","name":"TWO","input":{}}""", "tool_use")
            .Responses("""{"type":"function_call","id":"fc_1","call_id":"a","name":"ONE","arguments":"{}","status":"completed"},{"type":"function_call","id":"fc_2","call_id":"b","name":"TWO","arguments":"{}","status":"completed"}""")
            .Gemini("""{"functionCall":{"name":"ONE","args":{}}},{"functionCall":{"name":"TWO","args":{}}}"""),
        new AnswerFeature("custom tool's call", "MARK").Chat("\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"input\":\"MARK\"}}]", reason: "tool_calls")
            .Responses("""{"type":"custom_tool_call","id":"ctc_1","call_id":"a","name":"c","input":"MARK"}"""),
        new AnswerFeature("refusal", "MARK").Chat("\"content\":null,\"refusal\":\"MARK\"").Messages("", "refusal", "\"stop_details\":{\"type\":\"refusal\",\"explanation\":\"MARK\"}")
            .Responses("""{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"refusal","refusal":"MARK"}]}"""),
        new AnswerFeature("end by filter", "content_filter|\"refusal\"[,}]").Chat(Hi, reason: "content_filter").Messages(Text, "refusal").Responses(Output, "\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"}").Gemini(Part, "SAFETY"),
        new AnswerFeature("end at the bound", "\"length\"|max_tokens\"|max_output_tokens\"|REASON_MAX_LEN").Grpc(Hi, reason: "REASON_MAX_LEN").Chat(Hi, reason: "length").Messages(Text, "max_tokens").Responses(Output, "\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}").Gemini(Part, "MAX_TOKENS"),
        new AnswerFeature("matched stop text", "MARKSTOP").Chat(Hi, "\"stop_reason\":\"MARKSTOP\"").Messages(Text, "stop_sequence", "\"stop_sequence\":\"MARKSTOP\""),
        new AnswerFeature("cited web page", "https://mark").Grpc(Hi + ",\"citations\":[{\"id\":\"1\",\"startIndex\":0,\"endIndex\":2,\"webCitation\":{\"url\":\"https://mark\"}}]").Chat(Hi + ",\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://mark\",\"title\":\"T\",\"start_index\":0,\"end_index\":2}}]")
            .Messages("""{"type":"text","text":"Hi","citations":[{"type":"web_search_result_location","cited_text":"x","url":"https://mark","title":"T","encrypted_index":"e"}]}""")
            .Responses(Output.Replace("\"annotations\":[]", "\"annotations\":[{\"type\":\"url_citation\",\"url\":\"https://mark\",\"title\":\"T\",\"start_index\":0,\"end_index\":2}]", StringComparison.Ordinal))
            .Gemini(Part, candidate: "\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://mark\",\"title\":\"T\"}}],\"groundingSupports\":[{\"segment\":{\"startIndex\":0,\"endIndex\":2},\"groundingChunkIndices\":[0]}]}"),
        new AnswerFeature("logprobs", "-0\\.125").Grpc(Hi, "\"logprobs\":{\"content\":[{\"token\":\"Hi\",\"logprob\":-0.125,\"bytes\":\"SGk=\"}]}").Chat(Hi, "\"logprobs\":{\"content\":[{\"token\":\"Hi\",\"logprob\":-0.125,\"bytes\":null,\"top_logprobs\":[]}]}")
            .Responses(Output.Replace("\"annotations\":[]", "\"annotations\":[],\"logprobs\":[{\"token\":\"Hi\",\"logprob\":-0.125,\"bytes\":[72,105],\"top_logprobs\":[]}]", StringComparison.Ordinal))
            .Gemini(Part, candidate: "\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"Hi\",\"tokenId\":1,\"logProbability\":-0.125}],\"topCandidates\":[{\"candidates\":[]}]}"),
        new AnswerFeature("several answers", "MARKTWO").Grpc(Hi, "\"logprobs\":null},{\"index\":1,\"message\":{\"role\":\"ROLE_ASSISTANT\",\"content\":\"MARKTWO\"},\"finishReason\":\"REASON_STOP\"").Chat(Hi, "\"logprobs\":null},{\"index\":1,\"message\":{\"content\":\"MARKTWO\"},\"finish_reason\":\"stop\"")
            .Gemini(Part, candidate: "\"avgLogprobs\":0},{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"MARKTWO\"}]},\"finishReason\":\"STOP\",\"index\":1"),
        new AnswerFeature("cached tokens", "4321").Grpc(Hi, more: "\"usage\":{\"promptTokens\":5000,\"promptTextTokens\":679,\"cachedPromptTextTokens\":4321,\"completionTokens\":1,\"totalTokens\":5001}").Chat(Hi, more: "\"usage\":{\"prompt_tokens\":5000,\"completion_tokens\":1,\"total_tokens\":5001,\"prompt_tokens_details\":{\"cached_tokens\":4321}}")
            .Messages(Text, usage: "\"input_tokens\":679,\"cache_read_input_tokens\":4321,\"output_tokens\":1").Responses(Output, usage: "\"input_tokens\":5000,\"input_tokens_details\":{\"cached_tokens\":4321},\"output_tokens\":1,\"total_tokens\":5001")
            .Gemini(Part, usage: "\"promptTokenCount\":5000,\"cachedContentTokenCount\":4321,\"candidatesTokenCount\":1,\"totalTokenCount\":5001"),
        new AnswerFeature("reasoning tokens", "1234").Grpc(Hi, more: "\"usage\":{\"promptTokens\":1,\"completionTokens\":766,\"reasoningTokens\":1234,\"totalTokens\":2001}").Chat(Hi, more: "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2000,\"total_tokens\":2001,\"completion_tokens_details\":{\"reasoning_tokens\":1234}}")
            .Messages(Text, usage: "\"input_tokens\":1,\"output_tokens\":2000,\"output_tokens_details\":{\"thinking_tokens\":1234}").Responses(Output, usage: "\"input_tokens\":1,\"output_tokens\":2000,\"output_tokens_details\":{\"reasoning_tokens\":1234},\"total_tokens\":2001")
            .Gemini(Part, usage: "\"promptTokenCount\":1,\"candidatesTokenCount\":766,\"thoughtsTokenCount\":1234,\"totalTokenCount\":2001"),
    ];
}
