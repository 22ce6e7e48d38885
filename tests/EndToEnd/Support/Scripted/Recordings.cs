using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>
/// Answers in the recorded shapes of the upstreams: a recording tells a fixed text or call, and another text or call is put in its place, piece by
/// piece. No writer of the gateway takes part.
/// </summary>
internal static class Recordings
{
    private const string Text = "Hi, 生命!";
    private static readonly string[] Pieces = ["Hi", ", ", "生命", "!"];
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The weather and the time, as recorded.</summary>
    public static string Tools(Wire wire, bool streamed) => streamed ? string.Concat(wire.Tools) : wire.ToolsWhole;

    /// <summary>A text, behind reasoning where that is recorded.</summary>
    public static string Say(Wire wire, string kind, string text, bool streamed)
    {
        var recording = wire.Recorded(kind, streamed);
        if (!streamed)
            return recording.Replace(Quoted(Text), Quoted(text), StringComparison.Ordinal);
        var (told, at) = (new StringBuilder(), 0);
        foreach (var frame in Wire.FramesOf(recording))
        {
            var piece = at < Pieces.Length && frame.Contains($":{Quoted(Pieces[at])}", StringComparison.Ordinal) ? Pieces[at] : null;
            told.Append(piece is null
                ? frame.Replace(Quoted(Text), Quoted(text), StringComparison.Ordinal)
                : frame.Replace($":{Quoted(piece)}", $":{Quoted(Quarter(text, at++))}", StringComparison.Ordinal));
        }
        Assert.Equal(Pieces.Length, at);
        return told.ToString();
    }

    /// <summary>One call of a function.</summary>
    public static string Call(Wire wire, string name, string arguments, bool streamed)
    {
        var half = arguments.Length / 2;
        // Whole as a text, whole as an object, and the two halves in both spacings that were recorded; by marks, since an argument may look like another's place.
        (string Place, string Value)[] places =
        [
            ("\"get_weather\"", Quoted(name)),
            ("\"{\\\"city\\\":\\\"Zürich\\\"}\"", Quoted(arguments)),
            ("{\"city\":\"Zürich\"}", arguments),
            ("\"{\\\"city\\\"\"", Quoted(arguments[..half])),
            ("\":\\\"Zürich\\\"}\"", Quoted(arguments[half..])),
            ("\": \\\"Zürich\\\"}\"", Quoted(arguments[half..])),
        ];
        var marked = places.Index().Aggregate(wire.Recorded("call", streamed), (text, place) => text.Replace(place.Item.Place, $"\u0001{place.Index}\u0002", StringComparison.Ordinal));
        return places.Index().Aggregate(marked, (text, place) => text.Replace($"\u0001{place.Index}\u0002", place.Item.Value, StringComparison.Ordinal));
    }

    public static string Json(System.Text.Json.Nodes.JsonNode? value) => value?.ToJsonString(Plain) ?? "null";

    private static string Quarter(string text, int at)
    {
        var length = text.Length / Pieces.Length;
        return at == Pieces.Length - 1 ? text[(at * length)..] : text.Substring(at * length, length);
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Plain);
}
