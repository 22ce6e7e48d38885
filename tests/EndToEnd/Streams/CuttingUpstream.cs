using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Milliways.EndToEnd.Streams;

/// <summary>
/// An upstream of each dialect that sends its recorded stream (tests/Milliways.Tests/Support/Upstreams/Recorded) and breaks it as the model's name says.
/// </summary>
internal static partial class CuttingUpstream
{
    /// <summary>The recordings and after how many frames the first word is there.</summary>
    public static readonly (string Wire, string Dialect, int Committed)[] Wires =
        [("openai-chat", "openai-chat", 2), ("xai", "openai-chat", 1), ("anthropic", "anthropic", 4), ("openai-responses", "openai-responses", 5), ("google", "google", 1)];

    public static readonly string[] Cuts =
        ["cut-between-events", "cut-in-character", "cut-in-text", "ended-between-events", "ended-in-text", "cut-before-the-end", "error-event"];

    /// <summary>An answer that is whole, to know that the helpers would say so.</summary>
    public const string Good = "good";

    public static async Task AnswerAsync(HttpContext http, string asked)
    {
        var (wire, cut) = Named().Match(http.Request.Path + asked) is { Success: true } named ? (named.Groups[1].Value, named.Groups[2].Value) : throw new InvalidOperationException(asked);
        var committed = Wires.Single(each => each.Wire == wire).Committed;
        var frames = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Recorded", $"{wire}.text.stream.txt")))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(frame => Encoding.UTF8.GetBytes(frame + "\n\n")).ToArray();
        http.Response.ContentType = "text/event-stream";
        var whole = cut == Good ? frames.Length : cut == "cut-before-the-end" ? frames.Length - 1 : committed;
        foreach (var frame in frames[..whole])
            await http.Response.BodyWriter.WriteAsync(frame);
        if (cut == Good)
            return;
        if (cut is "cut-in-character" or "cut-in-text" or "ended-in-text")
        {
            var rest = frames[committed..].SelectMany(frame => frame).ToArray();
            await http.Response.BodyWriter.WriteAsync(rest.AsMemory(0, rest.AsSpan().IndexOf("生命"u8) + (cut == "cut-in-character" ? 1 : 3)));
        }
        if (cut == "error-event")
            await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(ErrorFrame(wire)));
        if (!cut.StartsWith("cut", StringComparison.Ordinal))
            return;
        await http.Response.BodyWriter.FlushAsync();
        http.Abort();
    }

    private static string ErrorFrame(string wire) => wire switch
    {
        "anthropic" => "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        "openai-responses" => "event: error\ndata: {\"type\":\"error\",\"sequence_number\":5,\"code\":\"server_error\",\"message\":\"Overloaded\",\"param\":null}\n\n",
        "xai" => "data: {\"code\":\"Internal error\",\"error\":\"Overloaded\"}\n\n",
        "google" => "data: {\"error\":{\"code\":503,\"message\":\"Overloaded\",\"status\":\"UNAVAILABLE\"}}\n\n",
        _ => "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
    };

    [GeneratedRegex("(openai-chat|xai|anthropic|openai-responses|google)\\.([a-z-]+)")]
    private static partial Regex Named();
}
