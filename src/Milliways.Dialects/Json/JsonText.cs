using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Milliways.Dialects.Json;

/// <summary>JSON text in and out: one line, no more escapes than needed (dialects 6.1), the same bytes for the same values (4.0 rule 5).</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 1000,
#if !DEBUG
        SkipValidation = true,
#endif
    };

    public static Utf8JsonWriter Writer(IBufferWriter<byte> output) => new(output, Options);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A string's value; every document was mended before it was parsed.</summary>
    public static string Of(JsonElement text) => text.GetString() ?? "";

    /// <summary>The value's JSON without white space, in its own order and with its own number texts.</summary>
    public static string Compact(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = Writer(buffer)) value.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A document from untrusted bytes, or null when they are not exactly one JSON value.</summary>
    public static JsonDocument? TryParse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        try
        {
            var reader = new Utf8JsonReader(JsonRepair.All(utf8) ?? utf8, new JsonReaderOptions { MaxDepth = 320 });
            if (!JsonDocument.TryParseValue(ref reader, out var document)) return null;
            if (!reader.Read()) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static JsonElement? TryParse(string text)
    {
        using var document = TryParse(Encoding.UTF8.GetBytes(text));
        return document?.RootElement.Clone();
    }
}
