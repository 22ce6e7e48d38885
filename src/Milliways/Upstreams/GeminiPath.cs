namespace Milliways.Upstreams;

/// <summary>Where Google's generateContent is: the model and whether it streams stand in the path (dialects 7).</summary>
internal static class GeminiPath
{
    /// <summary>Letters of the longest name that is asked for: an address has an end.</summary>
    public const int LongestModel = 512;

    /// <summary>Collections that a model's name may carry itself.</summary>
    private static readonly string[] Collections = ["models/", "tunedModels/"];

    public static string Of(string model, bool stream)
    {
        var collection = Array.Find(Collections, name => model.StartsWith(name, StringComparison.Ordinal)) ?? "";
        // Everything that could end or leave the segment is escaped; a lone dot segment cannot be, because the verb is part of it.
        var name = Uri.EscapeDataString(model[collection.Length..]);
        var verb = stream ? "streamGenerateContent?alt=sse" : "generateContent";
        return $"/v1beta/{(collection.Length == 0 ? "models/" : collection)}{name}:{verb}";
    }
}
