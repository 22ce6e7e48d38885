using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A <c>tool_choice</c> that allows some of the tools (dialects 1.4, 3.4). What it does not name is not offered, so a slip in it must not pass in silence.</summary>
internal static class AllowedTools
{
    /// <param name="allowed">The object with <c>mode</c> and <c>tools</c>.</param>
    /// <param name="tools">All tools of the request; those that are allowed afterwards.</param>
    /// <param name="named">A tool's name as the tools have it, and where it stands.</param>
    public static ChatToolChoice? Read(JsonField allowed, ref IReadOnlyList<ChatTool> tools, Func<JsonField, (JsonField Place, string Name)> named)
    {
        var (list, mode) = (allowed["tools"], allowed["mode"]);
        if (!list.IsPresent) list.Reading.Missing(list.Path);
        else if (list.IsArray && list.Value.GetArrayLength() == 0) list.Reading.OutOfRange(list.Path, "a list of at least one tool; use \"none\" to allow no tool");
        if (mode.Text() is { } word && word is not ("auto" or "required")) mode.Reading.OutOfRange(mode.Path, "auto or required");

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in list.Items())
        {
            var (place, name) = named(tool.Object());
            if (!tools.Any(known => known.Name == name)) place.Reading.OutOfRange(place.Path, $"the name of one of the request's tools, which '{name}' is not");
            names.Add(name);
        }

        tools = [.. tools.Where(tool => names.Contains(tool.Name))];
        return new ChatToolChoice(mode.IsText && mode.Text() == "required" ? ToolChoiceMode.Required : ToolChoiceMode.Auto);
    }
}
