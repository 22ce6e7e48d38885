using System.Text.Json;
using System.Text.Unicode;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Json;

/// <summary>The first failure of a reading; what comes after it is of no interest.</summary>
internal sealed class JsonReading
{
    /// <summary>Objects inside one another, tool schemas included (contract, HTTP bounds).</summary>
    private const int MaxDepth = 320;

    public Failure? Failure { get; private set; }

    public void Fail(Failure failure) => Failure ??= failure;

    public void WrongType(JsonPath path, string expected, JsonElement value) =>
        Fail(Failure.Unprocessable($"{Named(path)} must be {expected}, not {NameOf(value.ValueKind)}.", path.ToString()));

    public void OutOfRange(JsonPath path, string allowed) =>
        Fail(Failure.Invalid($"{Named(path)} must be {allowed}.", path.ToString()));

    public void Missing(JsonPath path) =>
        Fail(Failure.Unprocessable($"{Named(path)} is required.", path.ToString()) with { Code = "missing_required_parameter" });

    /// <summary>The body as an object; duplicate names and trailing bytes are refused (dialects 4.14).</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> body, out Failure? failure)
    {
        failure = null;
        if (!Utf8.IsValid(body.Span))
        {
            failure = Failure.Invalid("The body is not valid UTF-8.");
            return null;
        }

        if (JsonRepair.Halves(body.Span) is { } mended) body = mended;
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
            var document = JsonDocument.Parse(body, options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            failure = Failure.Unprocessable("The body must be a JSON object.");
        }
        catch (JsonException wrong)
        {
            failure = Failure.Invalid("The body is not valid JSON: " + WithoutPosition(wrong.Message));
        }

        return null;
    }

    private static string WithoutPosition(string message)
    {
        var cut = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return cut < 0 ? message : message[..cut];
    }

    private static string Named(JsonPath path) => path.ToString() is { Length: > 0 } text ? text : "The body";

    private static string NameOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
