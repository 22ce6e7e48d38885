using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Tools and the choice among them: functions of the caller's, and tools that run at the server.</summary>
internal static class ToolReader
{
    public static (IReadOnlyList<ChatTool> Tools, IReadOnlyList<HostedTool> Hosted) Read(IReadOnlyList<Tool> tools, JsonReading reading)
    {
        var (functions, hosted) = (new List<ChatTool>(), new List<HostedTool>());
        for (var at = 0; at < tools.Count && reading.Failure is null; at++)
        {
            var path = JsonPath.Root.Member("tools").Item(at);
            if (tools[at].ToolCase == Tool.ToolOneofCase.Function) RequestPieces.AddTool(functions, ReadFunction(tools[at].Function, path.Member("function"), reading), reading, path);
            else if (HostedToolReader.Read(tools[at], path, reading) is { } tool) hosted.Add(tool);
        }

        return (functions, hosted);
    }

    public static ChatToolChoice? ReadChoice(ToolChoice? choice, JsonReading reading)
    {
        var path = JsonPath.Root.Member("tool_choice");
        switch (choice?.ToolChoiceCase)
        {
            case ToolChoice.ToolChoiceOneofCase.FunctionName:
                if (choice.FunctionName.Length == 0) reading.OutOfRange(path.Member("function_name"), "a non-empty name");
                return new ChatToolChoice(ToolChoiceMode.Named, choice.FunctionName);
            case ToolChoice.ToolChoiceOneofCase.Mode:
                switch (choice.Mode)
                {
                    case ToolMode.Invalid: return null;
                    case ToolMode.Auto: return new ChatToolChoice(ToolChoiceMode.Auto);
                    case ToolMode.None: return new ChatToolChoice(ToolChoiceMode.None);
                    case ToolMode.Required: return new ChatToolChoice(ToolChoiceMode.Required);
                }

                reading.OutOfRange(path.Member("mode"), "one of TOOL_MODE_AUTO, TOOL_MODE_NONE, TOOL_MODE_REQUIRED");
                return null;
            default:
                return null;
        }
    }

    private static ChatTool ReadFunction(Function function, JsonPath path, JsonReading reading)
    {
        if (function.Name.Length == 0) reading.OutOfRange(path.Member("name"), "a non-empty name");
        var parameters = function.Parameters.Length > 0 ? Fields.Object(function.Parameters, reading, path.Member("parameters")) : null;
        // Not set and false are one on the wire.
        return new ChatTool(function.Name, Fields.Text(function.Description), parameters) { Strict = function.Strict ? true : null };
    }
}
