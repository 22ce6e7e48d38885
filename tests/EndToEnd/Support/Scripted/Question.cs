using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>A function that the model may call.</summary>
internal sealed record Function(string Name, JsonNode? Parameters);

/// <summary>What an upstream was asked, whichever dialect it was asked in.</summary>
internal sealed record Question
{
    public required string Dialect { get; init; }

    public required string Model { get; init; }

    public bool Streamed { get; init; }

    /// <summary>The last turn of the user.</summary>
    public string Text { get; set; } = "";

    /// <summary>The pictures of the last turn: media type and size, or the address.</summary>
    public List<string> Pictures { get; } = [];

    /// <summary>The results of tools behind the last turn of the user.</summary>
    public List<string> Results { get; } = [];

    public List<Function> Functions { get; } = [];

    /// <summary>The one function that must be called.</summary>
    public string? Forced { get; set; }

    /// <summary>False where calls are forbidden.</summary>
    public bool MayCall { get; set; } = true;

    /// <summary>The schema that the answer's text has to follow.</summary>
    public JsonNode? Schema { get; set; }

    /// <summary>JSON is asked for, whatever it says.</summary>
    public bool Json { get; set; }

    /// <summary>A new turn of the user: what came before it is history.</summary>
    public void Turn()
    {
        Text = "";
        Pictures.Clear();
        Results.Clear();
    }

    public void Picture(string address)
    {
        if (address.StartsWith("data:", StringComparison.Ordinal))
        {
            var comma = address.IndexOf(',', StringComparison.Ordinal);
            Picture(address[5..address.IndexOf(';', StringComparison.Ordinal)], address[(comma + 1)..]);
        }
        else
        {
            Pictures.Add(address);
        }
    }

    public void Picture(string mediaType, string base64) => Pictures.Add($"{mediaType} of {Convert.FromBase64String(base64).Length} bytes");
}
