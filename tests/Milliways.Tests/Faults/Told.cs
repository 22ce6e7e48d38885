using System.Text.Json;

namespace Milliways.Tests.Faults;

/// <summary>What a caller was told by an answer, whatever its dialect.</summary>
internal sealed class Told
{
    public string Text { get; set; } = "";

    public List<ToldCall> Calls { get; } = [];

    /// <summary>The dialect's own word.</summary>
    public string? Stop { get; set; }

    /// <summary>Tokens of the prompt, cached ones included.</summary>
    public long? Input { get; set; }

    public long? Output { get; set; }

    /// <summary>The dialect's last event came.</summary>
    public bool Ended { get; set; }

    /// <summary>The error event's object.</summary>
    public JsonElement? Error { get; set; }
}

internal sealed class ToldCall(string id, string name)
{
    public string Id => id;

    public string Name => name;

    public string Arguments { get; set; } = "";

    public override string ToString() => $"{Name} {JsonSerializer.Serialize(JsonDocument.Parse(Arguments).RootElement)}";
}
