using System.Text.Json;

namespace Milliways.Dialects.Json;

/// <summary>Lenient getters for what upstreams send: a member that is missing, null or of a wrong type is absent, never an exception.</summary>
internal static class JsonAnswer
{
    private const long Most = 1_000_000_000_000;

    public static JsonElement Get(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default;

    public static string? Text(this JsonElement value, string name)
    {
        var member = value.Get(name);
        return member.ValueKind == JsonValueKind.String ? JsonText.Of(member) : null;
    }

    public static bool Has(this JsonElement value, string name) =>
        value.Get(name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>A count of an upstream: null when it is none, never negative, never absurd.</summary>
    public static long? Count(this JsonElement value, string name)
    {
        var member = value.Get(name);
        if (member.ValueKind != JsonValueKind.Number) return null;
        return member.TryGetInt64(out var number) ? Believable(number) : member.TryGetDouble(out var real) ? Believable(real) : null;
    }

    /// <summary>The same of a member that a reader has come to: it goes on to the value's end.</summary>
    public static long? Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
            return reader.TryGetInt64(out var number) ? Believable(number) : reader.TryGetDouble(out var real) ? Believable(real) : null;
        reader.Skip();
        return null;
    }

    private static long Believable(long number) => Math.Clamp(number, 0, Most);

    private static long? Believable(double number) => double.IsNaN(number) ? null : (long)Math.Clamp(number, 0, Most);

    public static int? Index(this JsonElement value, string name)
    {
        var member = value.Get(name);
        return member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number) ? number : null;
    }

    public static IEnumerable<JsonElement> Items(this JsonElement value, string name)
    {
        var member = value.Get(name);
        if (member.ValueKind != JsonValueKind.Array) yield break;
        foreach (var item in member.EnumerateArray()) yield return item;
    }
}
