using System.Text;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>What has been told of one output item of an upstream's answer, so that nothing is told twice.</summary>
internal sealed class UpstreamItem(string type, string? id, int? index)
{
    private readonly Dictionary<int, UpstreamPart> parts = [];

    public string Type => type;

    public string? Id => id;

    /// <summary>The upstream's <c>output_index</c>, which some give to several items (RSP-05).</summary>
    public int? Index => index;

    public string? CallId { get; set; }

    public string Name { get; set; } = "";

    /// <summary>Which call of the answer this is, once it has been announced.</summary>
    public int? Call { get; set; }

    /// <summary>Arguments that came before the call's name.</summary>
    public StringBuilder Early { get; } = new();

    /// <summary>Characters of arguments or input that came.</summary>
    public int Came { get; set; }

    /// <summary>Which of the two texts of a reasoning item is told: the first that came.</summary>
    public bool? TellsSummary { get; set; }

    public bool IsSigned { get; set; }

    /// <summary>Found in the whole response at the end.</summary>
    public bool IsMatched { get; set; }

    public bool IsCall => type is "function_call" or "custom_tool_call";

    public UpstreamPart Part(int position)
    {
        if (!parts.TryGetValue(position, out var part)) parts[position] = part = new UpstreamPart();
        return part;
    }
}

/// <summary>One part of an item: how much of it has been told.</summary>
internal sealed class UpstreamPart
{
    /// <summary>Characters told.</summary>
    public int Told { get; set; }

    public int Citations { get; set; }

    /// <summary>How many characters of the answer's text stood before it.</summary>
    public int? Start { get; set; }
}
