using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Tools and the choice among them (dialects 3.4, 4.6). Tools that the provider itself would run are refused by name (dialects 4.3).</summary>
internal static class ToolReader
{
    public static (IReadOnlyList<ChatTool> Tools, ChatToolChoice? Choice) Read(JsonField root)
    {
        var tools = new List<ChatTool>();
        foreach (var tool in root["tools"].Items()) Add(tools, tool, space: null);
        IReadOnlyList<ChatTool> offered = tools;
        var choice = ReadChoice(root["tool_choice"], ref offered);
        return (offered, choice);
    }

    private static void Add(List<ChatTool> tools, JsonField tool, string? space)
    {
        if (!tool.Object().IsObject) return;
        switch (tool["type"].Text())
        {
            case null or "function":
                // Flat here; the nested form is Chat's, and clients mix them up.
                var function = tool["function"].IsObject ? tool["function"] : tool;
                RequestPieces.AddTool(tools, new ChatTool(NameOf(function, space), function["description"].Text(), function["parameters"].Kept())
                {
                    Strict = function["strict"].Flag(), Namespace = space,
                }, tool);
                break;
            case "custom":
                RequestPieces.AddTool(tools, new ChatTool(NameOf(tool, space), tool["description"].Text(), null)
                {
                    IsCustom = true, Format = CustomFormat.ToChat(tool["format"].Kept()), Namespace = space,
                }, tool);
                break;
            case "namespace" when space is null:
                var name = tool["name"].RequiredText();
                foreach (var inner in tool["tools"].Items()) Add(tools, inner, name);
                break;
            case var type:
                tool.Reading.Fail(Failure.Unsupported(
                    $"{tool["type"].Path} is '{type}', which the upstream that serves this model does not have: function, custom and namespace tools are supported.",
                    tool["type"].Path.ToString()));
                break;
        }
    }

    private static string NameOf(JsonField tool, string? space)
    {
        var name = tool["name"].RequiredText();
        if (tool["name"].IsText && name.Length == 0) tool.Reading.OutOfRange(tool["name"].Path, "a non-empty name");
        return space is null ? name : Namespaces.Join(space, name);
    }

    private static ChatToolChoice? ReadChoice(JsonField choice, ref IReadOnlyList<ChatTool> tools)
    {
        if (!choice.IsPresent) return null;
        if (choice.IsText)
        {
            switch (choice.Text())
            {
                case "none": return new ChatToolChoice(ToolChoiceMode.None);
                case "auto": return new ChatToolChoice(ToolChoiceMode.Auto);
                case "required": return new ChatToolChoice(ToolChoiceMode.Required);
            }
        }
        else if (choice.Object().IsObject)
        {
            switch (choice["type"].Text())
            {
                case "function" or "custom":
                    return new ChatToolChoice(ToolChoiceMode.Named, Chosen(choice));
                case "allowed_tools":
                    var allowed = choice["allowed_tools"].IsObject ? choice["allowed_tools"] : choice;
                    return AllowedTools.Read(allowed, ref tools, static tool => ((tool["function"].IsObject ? tool["function"] : tool)["name"], Chosen(tool)));
                case { } type:
                    choice.Reading.Fail(Failure.Unsupported($"{choice["type"].Path} is '{type}', which the upstream that serves this model does not have.", "tool_choice"));
                    return null;
            }
        }

        choice.Reading.OutOfRange(choice.Path, "none, auto, required, or {\"type\":\"function\",\"name\":...}");
        return null;
    }

    private static string Chosen(JsonField choice)
    {
        var named = choice["function"].IsObject ? choice["function"] : choice;
        var name = named["name"].RequiredText();
        return named["namespace"].Text() is { Length: > 0 } space ? Namespaces.Join(space, name) : name;
    }
}
