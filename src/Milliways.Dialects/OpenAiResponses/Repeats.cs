using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>The members of a request that its answer repeats (dialects 3.5, "echoes").</summary>
internal static class Repeats
{
    private static readonly JsonElement False = JsonDocument.Parse("false").RootElement.Clone();

    private static readonly string[] Names =
    [
        "instructions", "tools", "tool_choice", "parallel_tool_calls", "temperature", "top_p", "metadata", "text", "reasoning", "truncation",
        "previous_response_id", "store", "background", "max_output_tokens", "max_tool_calls", "top_logprobs", "service_tier", "user", "prompt_cache_key",
        "safety_identifier",
    ];

    /// <param name="root">The request.</param>
    /// <param name="keepsAnswers">False: nothing is stored, whatever was asked, and the answer says so (dialects 3.7).</param>
    public static Dictionary<string, JsonElement> Of(JsonField root, bool keepsAnswers)
    {
        var repeated = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var name in Names)
            if (root[name] is { IsPresent: true } field) repeated[name] = field.Value.Clone();
        if (!keepsAnswers) repeated["store"] = False;
        return repeated;
    }
}
