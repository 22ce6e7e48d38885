using System.Globalization;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Members of a request that Chat and its elder, /v1/completions, write alike.</summary>
internal static class SamplingReader
{
    /// <summary>A text, or several.</summary>
    public static List<string> Stop(JsonField stop)
    {
        if (stop.IsText) return [stop.RequiredText()];
        var texts = new List<string>();
        foreach (var item in stop.Items()) texts.Add(item.RequiredText());
        return texts;
    }

    /// <summary>Token ids to a bias of -100 to 100; null for none.</summary>
    public static Dictionary<int, float>? Bias(JsonField bias)
    {
        if (!bias.IsObject) return null;
        var map = new Dictionary<int, float>();
        foreach (var member in bias.Value.EnumerateObject())
        {
            if (!int.TryParse(member.Name, NumberStyles.Integer, CultureInfo.InvariantCulture, out var token))
                bias.Reading.OutOfRange(bias.Path, "an object of token ids");
            else if (bias[member.Name].Number(-100, 100) is { } value)
                map[token] = (float)value;
        }

        return map.Count == 0 ? null : map;
    }
}
