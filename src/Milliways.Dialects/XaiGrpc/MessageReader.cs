using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>The messages of a request. Tool messages in a row become one tool turn.</summary>
internal static class MessageReader
{
    /// <param name="messages">In order.</param>
    /// <param name="reading">Takes what is wrong.</param>
    /// <param name="lost">Takes the names of what only its maker can read.</param>
    /// <param name="field">Of the request, for what is said of it.</param>
    public static List<ChatMessage> Read(IReadOnlyList<Message> messages, JsonReading reading, ISet<string> lost, string field = "messages")
    {
        var turns = new List<ChatMessage>(messages.Count);
        var hosted = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < messages.Count && reading.Failure is null; at++)
        {
            if (messages[at].Role == MessageRole.RoleUser && messages[at].Content.Count == 0 && ContextSeal.Open(messages[at].EncryptedContent) is { } compacted)
                turns.AddRange(compacted);
            else
                Add(turns, Read(messages[at], JsonPath.Root.Member(field).Item(at), reading, lost, hosted));
        }

        return turns;
    }

    public static List<ChatMessage> Join(IReadOnlyList<ChatMessage> earlier, List<ChatMessage> turns)
    {
        var joined = new List<ChatMessage>(earlier);
        foreach (var turn in turns) Add(joined, turn);
        return joined;
    }

    private static void Add(List<ChatMessage> turns, ChatMessage? turn)
    {
        if (turn is null) return;
        if (turn.Role == ChatRole.Tool && turns.Count > 0 && turns[^1].Role == ChatRole.Tool)
            turns[^1] = turns[^1] with { Parts = [.. turns[^1].Parts, .. turn.Parts] };
        else
            turns.Add(turn);
    }

    private static ChatMessage? Read(Message message, JsonPath path, JsonReading reading, ISet<string> lost, HashSet<string> hosted)
    {
        var name = Fields.Text(message.Name);
        var (role, kinds) = message.Role switch
        {
            MessageRole.RoleSystem => (ChatRole.System, PartReader.TextOnly),
            MessageRole.RoleDeveloper => (ChatRole.Developer, PartReader.TextOnly),
            MessageRole.RoleUser => (ChatRole.User, PartReader.All),
            MessageRole.RoleAssistant => (ChatRole.Assistant, PartReader.TextOnly),
            _ => (ChatRole.Tool, PartReader.All),
        };
        if (message.Role is MessageRole.InvalidRole or < 0 or > MessageRole.RoleDeveloper)
        {
            reading.OutOfRange(path.Member("role"), "one of ROLE_SYSTEM, ROLE_DEVELOPER, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL");
            return null;
        }

        if (role != ChatRole.Assistant && message.ToolCalls.Count > 0)
        {
            reading.Fail(Failure.Invalid($"{path.Member("tool_calls")} is for ROLE_ASSISTANT only.", path.Member("tool_calls").ToString()));
            return null;
        }

        var sealedParts = role == ChatRole.Assistant ? Reasoning(message) : null;
        if (message.EncryptedContent.Length > 0 && sealedParts is null)
        {
            // A conversation that another server has made short: without it there is nothing to answer.
            if (message.Content.Count == 0 && role != ChatRole.Assistant)
            {
                var place = path.Member("encrypted_content").ToString();
                reading.Fail(Failure.Invalid($"{place} can be read by the server that made it only: send the conversation itself.", place));
                return null;
            }

            lost.Add("messages.encrypted_content");
        }

        if (message.Content.Count == 0 && role is not (ChatRole.Assistant or ChatRole.Tool))
        {
            reading.OutOfRange(path.Member("content"), "at least one part");
            return null;
        }

        var content = PartReader.Read(message.Content, kinds, path.Member("content"), reading);
        switch (role)
        {
            case ChatRole.Tool:
                // The result of a tool that ran at another server: without its call it means nothing.
                if (hosted.Contains(message.ToolCallId)) return null;
                return new ChatMessage(ChatRole.Tool, [new ChatPart.ToolResult(message.ToolCallId, content, IsError: false)]);
            case ChatRole.Assistant:
                return new ChatMessage(role, [.. sealedParts ?? Plain(message), .. content, .. Calls(message, path, reading, lost, hosted)]) { Name = name };
            default:
                return new ChatMessage(role, content) { Name = name };
        }
    }

    /// <summary>The parts of reasoning that we have sealed; null when there are none of ours.</summary>
    private static List<ChatPart>? Reasoning(Message message) => ReasoningSeal.Open(message.ReasoningContent, message.EncryptedContent);

    private static List<ChatPart> Plain(Message message) => message.ReasoningContent.Length > 0 ? [new ChatPart.Thinking(message.ReasoningContent, null)] : [];

    private static IEnumerable<ChatPart> Calls(Message message, JsonPath path, JsonReading reading, ISet<string> lost, HashSet<string> hosted)
    {
        for (var at = 0; at < message.ToolCalls.Count; at++)
        {
            var (call, place) = (message.ToolCalls[at], path.Member("tool_calls").Item(at));
            if (call.Type is not (ToolCallType.Invalid or ToolCallType.ClientSideTool))
            {
                hosted.Add(call.Id);
                lost.Add("messages.tool_calls");
            }
            else if (call.Function is not { Name.Length: > 0 } function)
            {
                reading.Missing(place.Member("function").Member("name"));
            }
            else
            {
                yield return new ChatPart.ToolCall(call.Id, function.Name, function.Arguments);
            }
        }
    }
}
