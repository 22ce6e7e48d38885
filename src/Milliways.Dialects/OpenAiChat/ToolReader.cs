using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Tools and the choice among them (dialects 1.4), with the deprecated <c>functions</c> and the flat form of Responses.</summary>
internal static class ToolReader
{
    public static (IReadOnlyList<ChatTool> Tools, ChatToolChoice? Choice) Read(JsonField root)
    {
        var tools = new List<ChatTool>();
        foreach (var tool in root["tools"].Items())
            if (ReadTool(tool) is { } read) RequestPieces.AddTool(tools, read, tool);
        foreach (var function in root["functions"].Items()) RequestPieces.AddTool(tools, ReadFunction(function.Object()), function);

        IReadOnlyList<ChatTool> offered = tools;
        var choice = root["tool_choice"].IsPresent ? ReadChoice(root["tool_choice"], ref offered) : ReadLegacy(root["function_call"]);
        return (offered, choice);
    }

    private static ChatTool? ReadTool(JsonField tool)
    {
        if (!tool.IsObject)
        {
            tool.Reading.WrongType(tool.Path, "an object", tool.Value);
            return null;
        }

        var type = tool["type"].Text();
        if (type == "custom") return ReadCustom(tool);
        if (type is not (null or "function"))
        {
            tool.Reading.Fail(Failure.Unsupported($"{tool["type"].Path} is '{type}'; only function and custom tools are supported here.", tool["type"].Path.ToString()));
            return null;
        }

        // A flat tool is what Responses and some editors send (PAR-14).
        var function = tool["function"].IsPresent || !tool["name"].IsPresent ? tool["function"].Object() : tool;
        if (!function.IsPresent) tool.Reading.Missing(function.Path);
        var cache = tool["cache_control"].Kept() ?? function["cache_control"].Kept();
        return ReadFunction(function) with { CacheControl = cache };
    }

    private static ChatTool ReadCustom(JsonField tool)
    {
        var custom = tool["custom"].IsPresent || !tool["name"].IsPresent ? tool["custom"].Object() : tool;
        if (!custom.IsPresent) tool.Reading.Missing(custom.Path);
        var name = custom["name"].RequiredText();
        if (custom["name"].IsText && name.Length == 0) tool.Reading.OutOfRange(custom["name"].Path, "a non-empty name");
        return new ChatTool(name, custom["description"].Text(), null)
        {
            IsCustom = true, Format = custom["format"].Kept(), CacheControl = tool["cache_control"].Kept() ?? custom["cache_control"].Kept(),
        };
    }

    private static ChatTool ReadFunction(JsonField function)
    {
        var name = function["name"].RequiredText();
        if (name.Length == 0) function.Reading.OutOfRange(function["name"].Path, "a non-empty name");
        return new ChatTool(name, function["description"].Text(), function["parameters"].Kept()) { Strict = function["strict"].Flag() };
    }

    private static ChatToolChoice? ReadChoice(JsonField choice, ref IReadOnlyList<ChatTool> tools)
    {
        if (choice.IsText)
        {
            switch (choice.Text())
            {
                case "none": return new ChatToolChoice(ToolChoiceMode.None);
                case "auto": return new ChatToolChoice(ToolChoiceMode.Auto);
                case "required": return new ChatToolChoice(ToolChoiceMode.Required);
            }
        }
        else if (choice.IsObject)
        {
            switch (choice["type"].Text())
            {
                case "function":
                    var name = choice["function"].IsPresent ? choice["function"].Object()["name"] : choice["name"];
                    return new ChatToolChoice(ToolChoiceMode.Named, name.RequiredText());
                case "custom":
                    return new ChatToolChoice(ToolChoiceMode.Named, (choice["custom"].IsPresent ? choice["custom"].Object()["name"] : choice["name"]).RequiredText());
                case "allowed_tools":
                    var allowed = choice["allowed_tools"].IsPresent ? choice["allowed_tools"].Object() : choice;
                    return AllowedTools.Read(allowed, ref tools, static tool =>
                    {
                        var name = (tool["function"].IsPresent ? tool["function"] : tool["custom"].IsPresent ? tool["custom"] : tool)["name"];
                        return (name, name.RequiredText());
                    });
            }
        }
        else
        {
            choice.Reading.WrongType(choice.Path, "a string or an object", choice.Value);
            return null;
        }

        choice.Reading.OutOfRange(choice.Path, "none, auto, required, or {\"type\":\"function\",\"function\":{\"name\":...}}");
        return null;
    }

    private static ChatToolChoice? ReadLegacy(JsonField call)
    {
        if (!call.IsPresent) return null;
        if (call.IsObject) return new ChatToolChoice(ToolChoiceMode.Named, call["name"].RequiredText());
        switch (call.Text())
        {
            case "none": return new ChatToolChoice(ToolChoiceMode.None);
            case "auto": return new ChatToolChoice(ToolChoiceMode.Auto);
            default:
                call.Reading.OutOfRange(call.Path, "none, auto, or {\"name\":...}");
                return null;
        }
    }
}
