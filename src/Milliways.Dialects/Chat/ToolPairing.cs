using System.Globalization;

namespace Milliways.Dialects.Chat;

/// <summary>
/// Puts a history into the order that OpenAI and Anthropic enforce (dialects 4.5, "Tool results"): every turn with calls is followed at once
/// by one tool turn with one result for each call, in the order of the calls. System and developer turns stay where they are among the rest.
/// </summary>
internal static class ToolPairing
{
    /// <summary>The text of a result for a call that nobody answered; fixed, so that prompt caches hold.</summary>
    public const string NoResult = "No result was given for this tool call.";

    /// <param name="messages">The history.</param>
    /// <param name="strict">Refuse missing and orphaned results instead of mending them.</param>
    /// <param name="failure">Why strict refused.</param>
    public static List<ChatMessage> Arrange(IReadOnlyList<ChatMessage> messages, bool strict, out Failure? failure)
    {
        failure = null;
        var arranged = new List<ChatMessage>(messages.Count);
        for (var at = 0; at < messages.Count;)
        {
            var message = messages[at];
            if (message.Role != ChatRole.Assistant || !message.Parts.Any(part => part is ChatPart.ToolCall))
            {
                arranged.Add(WithoutOrphans(message, strict, ref failure));
                at++;
                continue;
            }

            var end = at + 1;
            while (end < messages.Count && messages[end].Role != ChatRole.Assistant) end++;
            AddTurn(message, at, messages, end, strict, arranged, ref failure);
            at = end;
        }

        arranged.RemoveAll(message => message.Parts.Count == 0 && message.Role == ChatRole.Tool);
        return arranged;
    }

    private static void AddTurn(
        ChatMessage turn, int at, IReadOnlyList<ChatMessage> messages, int end, bool strict, List<ChatMessage> arranged, ref Failure? failure)
    {
        var calls = new List<ChatPart.ToolCall>();
        var given = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var parts = new List<ChatPart>(turn.Parts.Count);
        foreach (var part in turn.Parts)
        {
            if (part is not ChatPart.ToolCall call)
            {
                parts.Add(part);
                continue;
            }

            given.Add(call.Id);
            var unique = call with { Id = Unique(call.Id, at, calls.Count, seen) };
            calls.Add(unique);
            parts.Add(unique);
        }

        var results = new ChatPart.ToolResult?[calls.Count];
        var rest = new List<ChatMessage>();
        for (var next = at + 1; next < end; next++)
        {
            var kept = new List<ChatPart>();
            foreach (var part in messages[next].Parts)
            {
                if (part is not ChatPart.ToolResult result) kept.Add(part);
                else if (Slot(result.CallId, given, results) is var slot and >= 0) results[slot] = result with { CallId = calls[slot].Id };
                else if (!IsServerSide(result)) kept.Add(Orphan(result, strict, ref failure));
            }

            if (kept.Count == 0 && messages[next].Parts.Count > 0) continue;
            rest.Add(messages[next] with { Parts = kept, Role = messages[next].Role == ChatRole.Tool ? ChatRole.User : messages[next].Role });
        }

        arranged.Add(turn with { Parts = parts });
        var answered = new List<ChatPart>(calls.Count);
        for (var call = 0; call < calls.Count; call++)
        {
            if (results[call] is null && strict)
                failure ??= Failure.Invalid($"The tool call '{calls[call].Id}' has no result.", $"messages[{Text(at)}].tool_calls");
            answered.Add(results[call] ?? new ChatPart.ToolResult(calls[call].Id, [new ChatPart.Text(NoResult)], IsError: true));
        }

        arranged.Add(new ChatMessage(ChatRole.Tool, answered));
        arranged.AddRange(rest);
    }

    /// <summary>Which call a result answers: the last result of an id counts, at the place of its call; an empty id goes by order.</summary>
    private static int Slot(string id, List<string> given, ChatPart.ToolResult?[] results)
    {
        var last = -1;
        for (var call = 0; call < given.Count; call++)
        {
            var matches = id.Length == 0 ? results[call] is null : given[call] == id;
            if (!matches) continue;
            if (results[call] is null) return call;
            last = call;
        }

        return last;
    }

    private static string Unique(string id, int turn, int position, HashSet<string> seen)
    {
        var unique = id.Length == 0 ? ToolCallIds.Made("history", turn, position) : id;
        for (var copy = 2; !seen.Add(unique); copy++) unique = id + "_" + Text(copy);
        return unique;
    }

    private static ChatMessage WithoutOrphans(ChatMessage message, bool strict, ref Failure? failure)
    {
        if (!message.Parts.Any(part => part is ChatPart.ToolResult)) return message;
        var parts = new List<ChatPart>();
        foreach (var part in message.Parts)
        {
            if (part is not ChatPart.ToolResult result) parts.Add(part);
            else if (!IsServerSide(result)) parts.Add(Orphan(result, strict, ref failure));
        }

        return message with { Parts = parts, Role = message.Role == ChatRole.Tool ? ChatRole.User : message.Role };
    }

    /// <summary>The result of a call that Anthropic's own servers made: without the call it means nothing to anybody (RES-07).</summary>
    private static bool IsServerSide(ChatPart.ToolResult result) => result.CallId.StartsWith("srvtoolu_", StringComparison.Ordinal);

    /// <summary>A result without a call becomes a user's text that names the id (lenient).</summary>
    private static ChatPart.Text Orphan(ChatPart.ToolResult result, bool strict, ref Failure? failure)
    {
        if (strict) failure ??= Failure.Invalid($"The tool result '{result.CallId}' answers no tool call of the turn before it.", "messages");
        var text = string.Concat(result.Content.OfType<ChatPart.Text>().Select(part => part.Value));
        return new ChatPart.Text($"Result of tool call {result.CallId}: {text}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
