using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Values of a message's fields, checked; what is wrong goes to the reading with the field's name.</summary>
internal static class Fields
{
    /// <summary>Null for a text that is not set.</summary>
    public static string? Text(string text) => text.Length == 0 ? null : text;

    public static int? Int(bool isSet, int value, JsonReading reading, string name, int least, int most = int.MaxValue)
    {
        if (!isSet) return null;
        if (value >= least && value <= most) return value;
        reading.OutOfRange(JsonPath.Root.Member(name), most == int.MaxValue ? $"at least {JsonText.Number(least)}" : $"between {JsonText.Number(least)} and {JsonText.Number(most)}");
        return null;
    }

    public static double? Number(bool isSet, float value, JsonReading reading, string name, double least, double most)
    {
        if (!isSet) return null;
        var number = Real(value);
        if (double.IsFinite(number) && number >= least && number <= most) return number;
        reading.OutOfRange(JsonPath.Root.Member(name), $"between {JsonText.Number(least)} and {JsonText.Number(most)}");
        return null;
    }

    /// <summary>As it was written: 0.7, not the 0.699999988 that its 32 bits stand for.</summary>
    public static double Real(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A JSON object that a field holds as text.</summary>
    public static JsonElement? Object(string text, JsonReading reading, JsonPath path)
    {
        if (JsonText.TryParse(text) is { ValueKind: JsonValueKind.Object } value) return value;
        reading.OutOfRange(path, "the text of a JSON object");
        return null;
    }

    /// <summary>A word of an enum whose first value means "not set"; a number that the enum does not have is refused.</summary>
    public static string? Word<T>(T value, IReadOnlyList<string?> words, JsonReading reading, JsonPath path) where T : struct, Enum
    {
        var number = Convert.ToInt32(value, CultureInfo.InvariantCulture);
        if (number >= 0 && number < words.Count) return words[number];
        reading.OutOfRange(path, "a value of " + typeof(T).Name);
        return null;
    }
}
