using System.Runtime.InteropServices;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Usage of a Chat upstream as disjoint buckets (dialects 1.6, 4.11), whichever way it counts reasoning.</summary>
public static class UsageReader
{
    /// <summary>Null when there is no usage, or all of it is zero, which some servers send on every chunk (USG-07).</summary>
    public static ChatUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return null;
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(usage), new JsonReaderOptions { MaxDepth = 1024 });
        reader.Read();
        return Read(ref reader);
    }

    /// <summary>The same of an object that a reader has come to.</summary>
    /// <param name="reader">On the value's first token; afterwards on its last.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static ChatUsage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        var counts = UsageCounts.Of(ref reader);
        var (prompt, completion, read, written, reasoning) = (counts.Prompt, counts.Completion, counts.Read, counts.Written, counts.Reasoning);

        // xAI counts reasoning beside the completion, OpenAI inside it: the total tells (xai-api 1.3.6). Without a total, what cannot be inside is beside.
        var isBeside = counts.Total is { } total and > 0
            ? total == prompt + completion + reasoning
            : reasoning > completion;
        var output = isBeside ? completion + reasoning : completion;
        var answer = new ChatUsage(Math.Max(0, prompt - read - written), read, written, output, Math.Min(reasoning, output)) { Calls = counts.Sources ?? 0 };
        return answer.IsZero ? null : answer;
    }
}
