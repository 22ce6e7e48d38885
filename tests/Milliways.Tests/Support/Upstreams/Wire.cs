using System.Text.RegularExpressions;

namespace Milliways.Tests.Support.Upstreams;

/// <summary>
/// What an upstream of one kind sends when all is well, as it was recorded (dialects 1.5, 1.7, 2.7, 2.11, 3.5, 3.6, 7; xai-api 1.3.8): texts in
/// <c>Recorded/</c>, made by nobody's writer. Every recording tells the same answer: the text "Hi, 生命!", or the calls get_weather and get_time; 12
/// tokens in, 4 of them cached, 7 out.
/// </summary>
internal sealed partial record Wire(string Name, string Dialect)
{
    public static readonly Wire OpenAiChat = new("openai-chat", "openai-chat") { Committed = 2, CompleteWithoutTerminal = true, ToolOrder = [0, 1, 4, 2, 5, 3, 6, 7, 8, 9] };

    public static readonly Wire Xai = new("xai", "openai-chat") { Committed = 1, CompleteWithoutTerminal = true, SplitsCalls = false };

    public static readonly Wire Anthropic = new("anthropic", "anthropic") { Committed = 4 };

    public static readonly Wire OpenAiResponses = new("openai-responses", "openai-responses") { Committed = 5, ToolOrder = [0, 1, 2, 7, 3, 8, 4, 9, 5, 10, 6, 11, 12] };

    public static readonly Wire Google = new("google", "google") { Committed = 1, SplitsCalls = false };

    /// <summary>The upstreams of the fault table.</summary>
    public static IReadOnlyList<Wire> All { get; } = [OpenAiChat, Xai, Anthropic, OpenAiResponses, Google];

    public static Wire Of(string name) => All.Single(wire => wire.Name == name);

    /// <summary>How many frames there are up to the first that holds a part of the text.</summary>
    public required int Committed { get; init; }

    /// <summary>A finish and the proper end of the body make the answer whole (contract, "Ends of streams").</summary>
    public bool CompleteWithoutTerminal { get; init; }

    /// <summary>False where a tool call always comes in one piece.</summary>
    public bool SplitsCalls { get; init; } = true;

    /// <summary>The frames of the tools stream with the pieces of both calls in turns; null where one call ends before the next begins.</summary>
    public int[]? ToolOrder { get; init; }

    public string[] Text => Frames("text");

    public string[] Tools => Frames("tools");

    public string TextWhole => Recorded("text", streamed: false);

    public string ToolsWhole => Recorded("tools", streamed: false);

    /// <summary>The pieces of both calls in turns.</summary>
    public string[] Interleaved => Renumbered(ToolOrder!.Select(at => Tools[at]));

    /// <summary>Every character of the arguments in a frame of its own.</summary>
    public string[] SplitCalls => Renumbered(Tools.SelectMany(frame =>
    {
        var piece = Piece().Match(frame);
        return !piece.Success ? [frame] : Unit().Matches(piece.Groups[2].Value).Select(unit => frame.Replace(piece.Value, $"{piece.Groups[1].Value}\"{unit.Value}\"", StringComparison.Ordinal));
    }));

    /// <summary>An error answer of this dialect.</summary>
    public string Error(int status) => Name switch
    {
        "xai" => """{"code":"Internal error","error":"The engine room is on fire"}""",
        "anthropic" => $$"""{"type":"error","error":{"type":"{{(status == 529 ? "overloaded_error" : "api_error")}}","message":"The engine room is on fire"},"request_id":"req_011"}""",
        "google" => $$$"""{"error":{"code":{{{status}}},"message":"The engine room is on fire","status":"INTERNAL"}}""",
        _ => """{"error":{"message":"The engine room is on fire","type":"server_error","param":null,"code":null}}""",
    };

    /// <summary>The error event of this dialect inside a stream.</summary>
    public string ErrorFrame => Name switch
    {
        "anthropic" => $"event: error\ndata: {Error(500)}\n\n",
        "openai-responses" => "event: error\ndata: {\"type\":\"error\",\"sequence_number\":9,\"code\":\"server_error\",\"message\":\"The engine room is on fire\",\"param\":null}\n\n",
        _ => $"data: {Error(500)}\n\n",
    };

    /// <summary>The last frame once more, without what it adds to the answer.</summary>
    public string TerminalAgain => Name == "google" ? Tools[^1] : Text[^1];

    /// <summary>A recording without any usage.</summary>
    public static string WithoutUsage(string recording) => Usage().Replace(UsageChunk().Replace(recording, ""), "${1}null");

    /// <summary>A recording whose counts are all this.</summary>
    public static string WithCounts(string recording, string count) => Counts().Replace(recording, "${1}" + count);

    public static string[] FramesOf(string stream) => [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(frame => frame + "\n\n")];

    /// <summary>A recording: <c>text</c>, <c>tools</c>, and of the four dialects also <c>call</c> (one call) and <c>reasoning</c> (the text with reasoning before it).</summary>
    public string Recorded(string kind, bool streamed) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", $"{Name}.{kind}{(streamed ? ".stream.txt" : ".json")}"));

    private string[] Frames(string kind) => FramesOf(Recorded(kind, streamed: true));

    private static string[] Renumbered(IEnumerable<string> frames) => [.. frames.Select((frame, at) => Sequence().Replace(frame, $"\"sequence_number\":{at}"))];

    [GeneratedRegex("\"sequence_number\":\\d+")]
    private static partial Regex Sequence();

    /// <summary>A fragment of arguments: not the whole text that a done event repeats, and not the empty text of a call's beginning.</summary>
    [GeneratedRegex("""((?<=\{)"arguments":|"partial_json":|(?<=function_call_arguments.delta".*)"delta":)"((?:[^"\\]|\\.)+)"(?=[,}])""")]
    private static partial Regex Piece();

    [GeneratedRegex("""\\.|[^\\]""")]
    private static partial Regex Unit();

    [GeneratedRegex("""data: \{[^\n]*"choices":\[\],"usage":\{[^\n]*\n\n""")]
    private static partial Regex UsageChunk();

    [GeneratedRegex("""("usage(?:Metadata)?":)\{(?:[^{}]|\{[^{}]*\})*\}""")]
    private static partial Regex Usage();

    [GeneratedRegex("""("(?:\w*_tokens|\w*[tT]okenCount)":)\d+""")]
    private static partial Regex Counts();
}
