using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>What happens to members without a neutral meaning when a request crosses to another dialect (dialects 4.14).</summary>
internal static class Crossing
{
    /// <summary>Refuses what changes the answer a caller gets; names the harmless rest in <paramref name="dropped"/>.</summary>
    public static Failure? Check(ChatRequest request, ICollection<string> dropped)
    {
        foreach (var (name, value) in request.Other)
        {
            if (ChangesTheAnswer(name, value))
                return Failure.Unsupported($"{name} is not supported by the upstream that serves this model; leave it out.", name);
        }

        foreach (var name in request.Other.Keys.Order(StringComparer.Ordinal)) dropped.Add(name);
        return null;
    }

    private static bool ChangesTheAnswer(string name, JsonElement value) => name switch
    {
        "audio" or "web_search_options" or "prompt" or "previous_response_id" or "conversation" => true,
        "container" => value.ValueKind == JsonValueKind.String || !IsEmpty(value),
        "mcp_servers" => !IsEmpty(value),
        "background" or "deferred" => value.ValueKind == JsonValueKind.True,
        "modalities" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().Any(mode => mode.ValueKind == JsonValueKind.String && mode.ValueEquals("audio"u8)),
        // "auto", the default, leaves it to the model whether to search at all (xai-api 1.3.5).
        "search_parameters" => value.Text("mode") == "on",
        _ => false,
    };

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => true,
    };
}
