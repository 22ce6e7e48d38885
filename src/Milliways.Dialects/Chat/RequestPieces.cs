using System.Collections.Frozen;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>What the readers of several dialects do alike on the way to a <see cref="ChatRequest"/>.</summary>
internal static class RequestPieces
{
    /// <summary>Members we do not know, as they were; explicit nulls are absent.</summary>
    public static Dictionary<string, JsonElement> Others(JsonElement root, FrozenSet<string> known)
    {
        var others = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
            if (member.Value.ValueKind != JsonValueKind.Null && !known.Contains(member.Name)) others[member.Name] = member.Value.Clone();
        return others;
    }

    /// <summary>The same tool twice is one tool; two under one name are refused (dialects 4.6).</summary>
    public static void AddTool(List<ChatTool> tools, ChatTool tool, JsonField field) => AddTool(tools, tool, field.Reading, field.Path);

    public static void AddTool(List<ChatTool> tools, ChatTool tool, JsonReading reading, JsonPath path)
    {
        var same = tools.Find(other => other.Name == tool.Name);
        if (same is null) tools.Add(tool);
        else if (same.Description != tool.Description || Schema(same) != Schema(tool))
            reading.Fail(Failure.Invalid($"{path} has the name '{tool.Name}' of another tool.", path.ToString()));
    }

    private static string? Schema(ChatTool tool) => tool.Parameters is { } schema ? JsonText.Compact(schema) : null;
}
