using System.Text.Json;
using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Crossed;

/// <summary>The functions of the tools loop and the schema of the structured answer, for the clients in this process.</summary>
internal static class Functions
{
    public const string City = """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""";

    public const string Zone = """{"type":"object","properties":{"zone":{"type":"string"}},"required":["zone"],"additionalProperties":false}""";

    public const string Weather =
        """{"type":"object","properties":{"city":{"type":"string"},"degrees":{"type":"number"},"sunny":{"type":"boolean"}},"required":["city","degrees","sunny"],"additionalProperties":false}""";

    public static readonly (string Name, string Schema)[] All = [("get_weather", City), ("get_time", Zone)];

    /// <summary>Calls a function and notes it.</summary>
    public static string Run(string name, string arguments, JsonArray calls)
    {
        calls.Add($"{name} {Support.Scripted.Recordings.Json(JsonNode.Parse(arguments))}");
        return name == "get_weather" ? "18 °C" : "12:00";
    }

    public static Dictionary<string, JsonElement> Members(string json) => JsonDocument.Parse(json).RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value);
}
