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

    /// <summary>A string's value. Half a surrogate pair, which some servers send, becomes U+FFFD instead of an exception.</summary>
    public static string Of(JsonElement text)
    {
        try
        {
            return text.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Lenient(text.GetRawText());
        }
    }

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
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 320 });
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

    private static string Lenient(string raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var at = 1; at < raw.Length - 1; at++)
        {
            if (raw[at] != '\\')
            {
                text.Append(raw[at]);
                continue;
            }

            at++;
            text.Append(raw[at] switch
            {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\b',
                'f' => '\f',
                'u' => (char)ushort.Parse(raw.AsSpan(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                var other => other,
            });
            if (raw[at] == 'u') at += 4;
        }

        // A round trip through UTF-8 replaces what is no character.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
