using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>What a relay that passes a Chat stream on as bytes must know of single chunks.</summary>
public static class ChunkFacts
{
    /// <summary>True for a chunk whose <c>choices</c> is an empty list, null or absent.</summary>
    public static bool HasNoChoices(ReadOnlySpan<byte> data)
    {
        using var chunk = JsonText.TryParse(data);
        return chunk is not null && !chunk.RootElement.Items("choices").Any();
    }

    /// <summary>True when a chunk tells of a choice besides the first, or of a finish: then it is worth reading. Most chunks do neither.</summary>
    /// <remarks>Inside a JSON text a quote is escaped, so a name with bare quotes can only be a name or a whole text.</remarks>
    public static bool TellsOfChoices(ReadOnlySpan<byte> data)
    {
        for (var rest = data; Find(ref rest, "\"finish_reason\""u8);)
            if (rest.StartsWith("\""u8)) return true;
        for (var rest = data; Find(ref rest, "\"index\""u8);)
            if (!rest.StartsWith("0"u8)) return true;
        return false;
    }

    /// <summary>Marks the choices of a chunk as seen (false) or finished (true).</summary>
    public static void ReadChoices(ReadOnlySpan<byte> data, Dictionary<int, bool> choices)
    {
        using var chunk = JsonText.TryParse(data);
        if (chunk is null) return;
        var position = 0;
        foreach (var choice in chunk.RootElement.Items("choices"))
        {
            if (choice.ValueKind != JsonValueKind.Object) continue;
            var index = choice.Index("index") ?? position;
            position++;
            choices[index] = choice.Text("finish_reason") is { Length: > 0 } || choices.GetValueOrDefault(index);
        }
    }

    /// <summary>False for the half of a chunk.</summary>
    public static bool IsJson(ReadOnlySpan<byte> data)
    {
        using var chunk = JsonText.TryParse(data);
        return chunk is not null;
    }

    /// <summary>Goes on behind a name and its colon.</summary>
    private static bool Find(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> name)
    {
        var at = rest.IndexOf(name);
        if (at < 0) return false;
        rest = rest[(at + name.Length)..].TrimStart(" \t\r\n:"u8);
        return true;
    }
}
