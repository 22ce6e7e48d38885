using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>logprobsResult: the chosen tokens, and beside each, at the same place of a second list, the likeliest ones.</summary>
internal static class LogprobReader
{
    /// <summary>What stands for "not among the likeliest" (dialects 1.5).</summary>
    private const double Unlikely = -9999;

    public static IReadOnlyList<TokenLogprob> Read(JsonElement result)
    {
        if (result.Get("chosenCandidates").ValueKind != JsonValueKind.Array) return [];
        var tops = result.Items("topCandidates").ToList();
        var tokens = new List<TokenLogprob>();
        foreach (var chosen in result.Items("chosenCandidates"))
        {
            var top = tokens.Count < tops.Count ? tops[tokens.Count].Items("candidates").Select(Token).ToList() : [];
            tokens.Add(Token(chosen) with { Top = top });
        }

        return tokens;
    }

    private static TokenLogprob Token(JsonElement token)
    {
        var value = token.Get("logProbability");
        var logprob = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? Math.Min(0, number) : Unlikely;
        return new TokenLogprob(token.Text("token") ?? "", logprob, Bytes: null);
    }
}
