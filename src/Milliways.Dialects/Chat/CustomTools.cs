using System.Buffers;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>
/// Custom tools, whose input is free text, at upstreams that know functions only (dialects 4.3): a function with one text property <c>input</c>.
/// A grammar cannot be enforced there and is told in the description instead.
/// </summary>
public static class CustomTools
{
    private static readonly JsonElement Schema = JsonDocument.Parse(
        """{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}""").RootElement.Clone();

    /// <summary>The tool as a function; a function is itself.</summary>
    public static ChatTool AsFunction(ChatTool tool)
    {
        if (!tool.IsCustom) return tool;
        var rule = tool.Format is { } format ? Rule(format) : null;
        var description = rule is null ? tool.Description : tool.Description is { Length: > 0 } text ? text + "\n\n" + rule : rule;
        return new ChatTool(tool.Name, description, Schema) { CacheControl = tool.CacheControl };
    }

    /// <summary>Names in <paramref name="dropped"/> that a grammar is told and not enforced.</summary>
    public static void NameLosses(ChatRequest request, ICollection<string> dropped)
    {
        if (request.Tools.Any(tool => tool is { IsCustom: true, Format: { } format } && Rule(format) is not null)) dropped.Add("tools.format");
    }

    /// <summary>A custom call as a function's; a function's call is itself.</summary>
    public static ChatPart.ToolCall AsFunction(ChatPart.ToolCall call) =>
        call.IsCustom ? call with { Arguments = Arguments(call.Arguments), IsCustom = false } : call;

    /// <summary>A custom call's input as a function's arguments.</summary>
    public static string Arguments(string input)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("input"u8, input);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The input out of a function's arguments; arguments of another shape are the input as they are, so that nothing is lost.</summary>
    public static string Input(string arguments)
    {
        if (JsonText.TryParse(arguments) is not { ValueKind: JsonValueKind.Object } value) return arguments;
        return value.Get("input") is { ValueKind: JsonValueKind.String } input && value.EnumerateObject().Count() == 1 ? JsonText.Of(input) : arguments;
    }

    private static string? Rule(JsonElement format)
    {
        if (format.Text("type") != "grammar") return null;
        var grammar = format.Get("grammar").ValueKind == JsonValueKind.Object ? format.Get("grammar") : format;
        return grammar.Text("definition") is { Length: > 0 } definition
            ? $"The input must match this {grammar.Text("syntax") ?? "lark"} grammar:\n{definition}" : null;
    }
}
