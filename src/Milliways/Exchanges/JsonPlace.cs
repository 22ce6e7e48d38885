using System.Globalization;
using System.Text.Json;

namespace Milliways.Exchanges;

/// <summary>Says where a body or a file stops being JSON, in words for the person who wrote it.</summary>
internal static class JsonPlace
{
    public static string Describe(JsonException broken) =>
        string.Create(CultureInfo.InvariantCulture,
            $"The request body is not valid JSON at line {(broken.LineNumber ?? 0) + 1} column {(broken.BytePositionInLine ?? 0) + 1}: {Remedy(broken.Message)}");

    /// <summary>The reader's own messages talk about tokens and bytes; these are the mistakes people make.</summary>
    public static string Remedy(string message) => message switch
    {
        _ when message.Contains("start of a property name", StringComparison.Ordinal) => "property names need double quotes.",
        _ when message.Contains("trailing comma", StringComparison.Ordinal) => "there is a comma with nothing behind it.",
        _ when message.Contains("start of a value", StringComparison.Ordinal) => "a value was expected here: texts need double quotes.",
        _ when message.Contains("after a single JSON value", StringComparison.Ordinal) => "there is text behind the end of the object.",
        _ when message.Contains("maximum configured depth", StringComparison.Ordinal) => "it is nested too deeply.",
        _ when message.Contains("Expected depth to be zero", StringComparison.Ordinal) => "the text ends before the object does.",
        _ when message.Contains("end of string", StringComparison.Ordinal) || message.Contains("Expected end of string", StringComparison.Ordinal)
            => "a text is not closed by a double quote.",
        _ when message.Contains("within a JSON string", StringComparison.Ordinal) => "a text has a character that must be escaped.",
        _ => "a comma, a brace or a quote is missing.",
    };
}
