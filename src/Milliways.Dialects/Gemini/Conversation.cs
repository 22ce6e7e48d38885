using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>One content of the dialect: a run of turns of one side, or the results of one turn's calls.</summary>
internal sealed record Content(ContentRole Role, List<ChatPart> Parts);

internal enum ContentRole { User, Model, Results }

/// <summary>
/// A history in the shape the dialect wants (dialects 7): system text apart, sides merged, and results in a content of their own right behind
/// their calls, as many as there were calls and in their order, because names and order are all that matches them.
/// </summary>
internal sealed class Conversation
{
    private Conversation(List<string> system, List<Content> contents) => (System, Contents) = (system, contents);

    public List<string> System { get; }

    public List<Content> Contents { get; }

    public static Conversation Of(ChatRequest request, bool strict, out Failure? failure)
    {
        var (system, contents) = (new List<string>(), new List<Content>());
        foreach (var message in ToolPairing.Arrange(request.Messages, strict, out failure))
        {
            if (failure is not null) break;
            if (message.Role is ChatRole.System or ChatRole.Developer)
            {
                if (message.Parts.Any(part => part is not ChatPart.Text)) failure = Failure.Invalid("A system message takes text only.", "messages");
                system.AddRange(message.Parts.OfType<ChatPart.Text>().Select(text => text.Value).Where(text => !string.IsNullOrWhiteSpace(text)));
                continue;
            }

            var parts = Kept(message, strict, ref failure);
            if (parts.Count > 0) Add(contents, RoleOf(message.Role), parts);
        }

        if (failure is null && contents.Count == 0)
            failure = Failure.Invalid("messages needs at least one user or assistant message with content.", "messages");
        return new Conversation(system, contents);
    }

    private static ContentRole RoleOf(ChatRole role) => role switch
    {
        ChatRole.Assistant => ContentRole.Model,
        ChatRole.Tool => ContentRole.Results,
        _ => ContentRole.User,
    };

    private static void Add(List<Content> contents, ContentRole role, List<ChatPart> parts)
    {
        if (role != ContentRole.Results && contents is [.., var last] && last.Role == role) last.Parts.AddRange(parts);
        else contents.Add(new Content(role, parts));
    }

    private static List<ChatPart> Kept(ChatMessage message, bool strict, ref Failure? failure)
    {
        var parts = new List<ChatPart>(message.Parts.Count);
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                // Empty parts are refused there.
                case ChatPart.Text { Value: "" } or ChatPart.Refusal { Value: "" }:
                    break;
                // Another vendor's reasoning is never downgraded to visible text, and its proof means nothing to Google (dialects 4.9).
                case ChatPart.RedactedThinking:
                case ChatPart.Thinking thinking when !ThoughtSignatures.IsOwn(thinking.Signature):
                    break;
                case ChatPart.Refusal refusal:
                    parts.Add(new ChatPart.Text(refusal.Value));
                    break;
                case ChatPart.Image or ChatPart.Document when message.Role == ChatRole.Assistant:
                    failure ??= Failure.Unsupported("An assistant message takes no images or documents.", "messages");
                    break;
                case ChatPart.ToolCall { IsCustom: false } call when strict && !ToolArguments.IsObject(call.Arguments):
                    failure ??= Failure.Invalid($"The arguments to a tool_call with ID '{ToolCallIds.Bare(call.Id)}' are not a valid JSON object.", "messages");
                    break;
                default:
                    parts.Add(part);
                    break;
            }
        }

        return parts;
    }
}
