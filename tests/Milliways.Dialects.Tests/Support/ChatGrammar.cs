using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Tests.Support;

/// <summary>A Chat stream as the strictest clients take it (dialects 1.7, "What clients insist on"; 6.1).</summary>
public static class ChatGrammar
{
    private static readonly string[] Reasons = ["stop", "length", "tool_calls", "content_filter"];

    public static void Check(string stream, Flavour flavour, bool usage)
    {
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", stream, StringComparison.Ordinal);
        var frames = stream[..^2].Split("\n\n");
        var roles = new HashSet<int>();
        var reasons = new Dictionary<int, string>();
        var calls = new Dictionary<(int, int), StringBuilder>();
        bool sawUsage = false, sawError = false;
        string? head = null;
        for (var at = 0; at < frames.Length; at++)
        {
            Assert.StartsWith("data: ", frames[at], StringComparison.Ordinal);
            Assert.DoesNotContain('\n', frames[at]);
            Assert.False(sawError, "a frame after an error");
            var data = frames[at][6..];
            if (data == "[DONE]")
            {
                Assert.Equal(frames.Length - 1, at);
                continue;
            }

            using var document = JsonDocument.Parse(data);
            var chunk = document.RootElement;
            if (chunk.TryGetProperty("error", out _))
            {
                sawError = true;
                continue;
            }

            var facts = $"{chunk.GetProperty("id")} {chunk.GetProperty("object")} {chunk.GetProperty("created").GetInt64()} {chunk.GetProperty("model")}";
            Assert.Equal(head ??= facts, facts);
            Assert.False(sawUsage, "a chunk after the usage chunk");
            if (flavour == Flavour.Xai) Assert.Matches("^fp_[0-9a-f]{10}$", chunk.GetProperty("system_fingerprint").GetString());
            if (chunk.GetProperty("choices").GetArrayLength() == 0)
            {
                sawUsage = true;
                var counts = chunk.GetProperty("usage");
                var reasoning = counts.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt64();
                var sum = counts.GetProperty("prompt_tokens").GetInt64() + counts.GetProperty("completion_tokens").GetInt64() + (flavour == Flavour.Xai ? reasoning : 0);
                Assert.Equal(sum, counts.GetProperty("total_tokens").GetInt64());
                continue;
            }

            Assert.Equal(usage && flavour == Flavour.OpenAi, chunk.TryGetProperty("usage", out var none) && none.ValueKind == JsonValueKind.Null);
            foreach (var choice in chunk.GetProperty("choices").EnumerateArray()) Choice(choice, flavour, roles, reasons, calls);
        }

        Assert.All(calls, call => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(call.Value.ToString()).RootElement.ValueKind));
        if (sawError)
        {
            Assert.Empty(reasons);
            return;
        }

        Assert.Equal("data: [DONE]", frames[^1]);
        Assert.Equal(usage, sawUsage);
        Assert.NotEmpty(reasons);
        Assert.Equal(roles.Order(), reasons.Keys.Order());
    }

    private static void Choice(JsonElement choice, Flavour flavour, HashSet<int> roles, Dictionary<int, string> reasons, Dictionary<(int, int), StringBuilder> calls)
    {
        var index = choice.GetProperty("index").GetInt32();
        var delta = choice.GetProperty("delta");
        Assert.False(reasons.ContainsKey(index), "a delta after the finish");
        Assert.Equal(roles.Add(index), delta.TryGetProperty("role", out var role));
        if (role.ValueKind == JsonValueKind.String) Assert.Equal("assistant", role.GetString());
        if (choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String)
        {
            Assert.Equal("{}", delta.GetRawText());
            reasons[index] = reason.GetString()!;
            Assert.Contains(reasons[index], Reasons);
            Assert.Equal(reasons[index] == "tool_calls" || (calls.Keys.Any(call => call.Item1 == index) && reasons[index] != "stop"), calls.Keys.Any(call => call.Item1 == index));
        }
        else
        {
            Assert.Equal(flavour == Flavour.OpenAi, choice.TryGetProperty("finish_reason", out _));
        }

        if (!delta.TryGetProperty("tool_calls", out var items)) return;
        foreach (var item in items.EnumerateArray())
        {
            var key = (index, item.GetProperty("index").GetInt32());
            var function = item.GetProperty("function");
            if (!calls.TryGetValue(key, out var arguments))
            {
                Assert.Equal(calls.Keys.Count(call => call.Item1 == index), key.Item2);
                Assert.NotEqual("", item.GetProperty("id").GetString());
                Assert.Equal("function", item.GetProperty("type").GetString());
                Assert.NotEqual("", function.GetProperty("name").GetString());
                calls[key] = arguments = new StringBuilder();
            }
            else
            {
                Assert.Equal(Flavour.OpenAi, flavour);
                Assert.False(item.TryGetProperty("id", out _) || item.TryGetProperty("type", out _) || function.TryGetProperty("name", out _));
            }

            arguments.Append(function.GetProperty("arguments").GetString());
        }
    }
}
