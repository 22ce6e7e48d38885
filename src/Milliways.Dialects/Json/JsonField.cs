using System.Text.Json;

namespace Milliways.Dialects.Json;

/// <summary>A value of a request with its place; absent and null are one (dialects 4.0 rule 7). Wrong types go to the reading's failure.</summary>
internal readonly struct JsonField(JsonElement value, JsonPath path, JsonReading reading)
{
    public JsonElement Value => value;

    public JsonPath Path => path;

    public JsonReading Reading => reading;

    public bool IsPresent => value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public bool IsText => value.ValueKind == JsonValueKind.String;

    public bool IsArray => value.ValueKind == JsonValueKind.Array;

    public bool IsObject => value.ValueKind == JsonValueKind.Object;

    public JsonField this[string name] =>
        new(value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default, path.Member(name), reading);

    /// <summary>The items of an array; none, and a failure, when it is something else.</summary>
    public IEnumerable<JsonField> Items()
    {
        if (!IsPresent) yield break;
        if (!IsArray)
        {
            reading.WrongType(path, "an array", value);
            yield break;
        }

        var position = 0;
        foreach (var item in value.EnumerateArray()) yield return new JsonField(item, path.Item(position++), reading);
    }

    public string? Text()
    {
        if (!IsPresent) return null;
        if (IsText) return JsonText.Of(value);
        reading.WrongType(path, "a string", value);
        return null;
    }

    public string RequiredText()
    {
        if (!IsPresent) reading.Missing(path);
        return Text() ?? "";
    }

    public bool? Flag()
    {
        if (!IsPresent) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        reading.WrongType(path, "a boolean", value);
        return null;
    }

    public long? Whole(long least = long.MinValue, long most = long.MaxValue)
    {
        if (!IsPresent) return null;
        if (value.ValueKind != JsonValueKind.Number)
        {
            reading.WrongType(path, "an integer", value);
            return null;
        }

        if (!value.TryGetInt64(out var number))
        {
            if (!value.TryGetDouble(out var real) || real != Math.Floor(real) || Math.Abs(real) > 1e15)
            {
                reading.OutOfRange(path, "an integer");
                return null;
            }

            number = (long)real;
        }

        if (number >= least && number <= most) return number;
        reading.OutOfRange(path, most == long.MaxValue || most == int.MaxValue
            ? $"at least {JsonText.Number(least)}" : $"between {JsonText.Number(least)} and {JsonText.Number(most)}");
        return null;
    }

    public int? Int(int least = int.MinValue, int most = int.MaxValue) => (int?)Whole(least, most);

    public double? Number(double least, double most)
    {
        if (!IsPresent) return null;
        if (value.ValueKind != JsonValueKind.Number)
        {
            reading.WrongType(path, "a number", value);
            return null;
        }

        if (value.TryGetDouble(out var number) && double.IsFinite(number) && number >= least && number <= most) return number;
        reading.OutOfRange(path, $"between {JsonText.Number(least)} and {JsonText.Number(most)}");
        return null;
    }

    /// <summary>An object, kept beyond the document's life.</summary>
    public JsonElement? Kept()
    {
        if (!IsPresent) return null;
        if (IsObject) return value.Clone();
        reading.WrongType(path, "an object", value);
        return null;
    }

    /// <summary>This field, with a failure when it is present and no object.</summary>
    public JsonField Object()
    {
        if (IsPresent && !IsObject) reading.WrongType(path, "an object", value);
        return this;
    }
}
