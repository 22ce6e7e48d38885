using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>What happens to members without a neutral meaning when a request crosses to another dialect (dialects 4.14).</summary>
public static class Crossing
{
    private const string SearchParameters = "search_parameters";

    /// <summary>A search was asked for, and only xAI's own models have one (xai-api 1.3.5).</summary>
    public static Failure NoLiveSearch { get; } = Failure.Unsupported(
        "search_parameters asks for a search, which the upstream that serves this model does not have: leave it out, or choose a model of xAI.", SearchParameters);

    /// <summary>Refuses what changes the answer a caller gets; names the harmless rest in <paramref name="dropped"/>.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="dropped">Takes the names of what is left out.</param>
    /// <param name="liveSearch">The target takes xAI's <c>search_parameters</c>.</param>
    /// <param name="hostedTools">The target runs xAI's tools itself.</param>
    public static Failure? Check(ChatRequest request, ICollection<string> dropped, bool liveSearch = false, bool hostedTools = false)
    {
        if (request.HostedTools is [var tool, ..] && !hostedTools)
            return Failure.Unsupported($"{tool.Place} is '{tool.Type}', which the upstream that serves this model does not have: function tools are supported.", tool.Place);
        foreach (var (name, value) in request.Other)
        {
            if (liveSearch && name == SearchParameters) continue;
            if (name == SearchParameters && AsksForSearch(value)) return NoLiveSearch;
            if (ChangesTheAnswer(name, value))
                return Failure.Unsupported($"{name} is not supported by the upstream that serves this model; leave it out.", name);
        }

        foreach (var name in request.Other.Keys.Order(StringComparer.Ordinal))
            if (!liveSearch || name != SearchParameters) dropped.Add(name);
        foreach (var name in request.Sealed) dropped.Add(name);
        return null;
    }

    /// <summary>"auto", the default, leaves it to the model whether to search at all (xai-api 1.3.5).</summary>
    private static bool AsksForSearch(JsonElement parameters) => parameters.Text("mode") == "on";

    private static bool ChangesTheAnswer(string name, JsonElement value) => name switch
    {
        "audio" or "web_search_options" or "prompt" or "previous_response_id" or "conversation" => true,
        "container" => value.ValueKind == JsonValueKind.String || !IsEmpty(value),
        "mcp_servers" => !IsEmpty(value),
        "background" or "deferred" => value.ValueKind == JsonValueKind.True,
        "modalities" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().Any(mode => mode.ValueKind == JsonValueKind.String && mode.ValueEquals("audio"u8)),
        _ => false,
    };

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => true,
    };
}
