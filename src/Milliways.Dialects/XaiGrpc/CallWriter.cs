using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

internal static class CallWriter
{
    /// <summary>A whole call. There are no custom tools here: such a call, which nobody can have offered, is a function's with one text.</summary>
    public static ToolCall Of(ChatPart.ToolCall call)
    {
        call = CustomTools.AsFunction(call);
        return new ToolCall
        {
            Id = call.Id, Type = ToolCallType.ClientSideTool,
            Function = new FunctionCall { Name = call.Name, Arguments = string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments },
        };
    }
}
