using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>One message of the dialect: a run of turns of one side.</summary>
internal sealed record Turn(ChatRole Role, List<ChatPart> Parts);

/// <summary>
/// A history in the shape the dialect enforces (dialects 2.3, 4.4, 4.5): system text apart, results first in the message after their calls, sides
/// merged, nothing empty, no thinking that is not Anthropic's own.
/// </summary>
internal sealed class Conversation
{
    private const string JsonLine = "Respond with a single JSON object and nothing else.";

    private Conversation(List<ChatPart.Text> system, List<Turn> turns) => (System, Turns) = (system, turns);

    public List<ChatPart.Text> System { get; }

    public List<Turn> Turns { get; }

    public static Conversation Of(ChatRequest request, MessagesWriteOptions options, out Failure? failure)
    {
        var system = new List<ChatPart.Text>();
        var turns = new List<Turn>();
        var arranged = ToolPairing.Arrange(request.Messages, options.Strict, out failure);
        for (var at = 0; at < arranged.Count && failure is null; at++)
        {
            var message = arranged[at];
            if (message.Role is ChatRole.System or ChatRole.Developer)
            {
                if (message.Parts.Any(part => part is not ChatPart.Text)) failure = Failure.Invalid("A system message takes text only.", "messages");
                var texts = message.Parts.OfType<ChatPart.Text>().Where(text => !string.IsNullOrWhiteSpace(text.Value));
                if (options.SystemTurns && MayStand(turns, arranged, at)) Add(turns, ChatRole.System, [.. texts]);
                else system.AddRange(texts);
                continue;
            }

            var parts = Kept(message, options.Strict, ref failure);
            if (parts.Count > 0) Add(turns, message.Role == ChatRole.Assistant ? ChatRole.Assistant : ChatRole.User, parts);
        }

        // There is no such mode there: the one line we add (dialects 4.0 rule 3, 4.8).
        if (request.ResponseFormat?.Kind == ResponseFormatKind.JsonObject) system.Add(new ChatPart.Text(JsonLine));
        if (turns is [.., { Role: ChatRole.Assistant } last]) TrimPrefill(turns, last);
        if (failure is null && turns.Count == 0)
            failure = Failure.Invalid("messages needs at least one user or assistant message with content.", "messages");
        return new Conversation(system, turns);
    }

    /// <summary>A system turn in the middle: after a user's turn, before an assistant's or last (dialects 2.3).</summary>
    private static bool MayStand(List<Turn> turns, List<ChatMessage> arranged, int at)
    {
        if (turns is not [.., { Role: ChatRole.User or ChatRole.System }]) return false;
        while (at < arranged.Count && arranged[at].Role is ChatRole.System or ChatRole.Developer) at++;
        return at == arranged.Count || arranged[at].Role == ChatRole.Assistant;
    }

    private static void Add(List<Turn> turns, ChatRole role, List<ChatPart> parts)
    {
        if (parts.Count == 0) return;
        if (turns is [.., var last] && last.Role == role) last.Parts.AddRange(parts);
        else turns.Add(new Turn(role, parts));
    }

    private static List<ChatPart> Kept(ChatMessage message, bool strict, ref Failure? failure)
    {
        var parts = new List<ChatPart>(message.Parts.Count);
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                case ChatPart.Text { Value: var text } when string.IsNullOrWhiteSpace(text):
                    break;
                case ChatPart.Thinking thinking when Signatures.IsForeign(thinking.Signature):
                    // Never downgraded to visible text (THK-02).
                    break;
                case ChatPart.Refusal refusal:
                    if (!string.IsNullOrWhiteSpace(refusal.Value)) parts.Add(new ChatPart.Text(refusal.Value));
                    break;
                case ChatPart.Image or ChatPart.Document when message.Role == ChatRole.Assistant:
                    failure ??= Failure.Unsupported("An assistant message takes no images or documents.", "messages");
                    break;
                case ChatPart.ToolCall { IsCustom: false } call when strict && !ToolArguments.IsObject(call.Arguments):
                    failure ??= Failure.Invalid($"The arguments to a tool_call with ID '{call.Id}' are not a valid JSON object.", "messages");
                    break;
                default:
                    parts.Add(part);
                    break;
            }
        }

        return parts;
    }

    /// <summary>The model goes on from the last text; blanks at its end are refused (dialects 4.5).</summary>
    private static void TrimPrefill(List<Turn> turns, Turn last)
    {
        if (last.Parts is not [.., ChatPart.Text text]) return;
        last.Parts[^1] = text with { Value = text.Value.TrimEnd() };
        if (last.Parts is [ChatPart.Text { Value: "" }]) turns.RemoveAt(turns.Count - 1);
    }
}
