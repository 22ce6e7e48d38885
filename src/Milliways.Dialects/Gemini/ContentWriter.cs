using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>systemInstruction and contents (dialects 7).</summary>
internal static class ContentWriter
{
    /// <summary>Google's own word for a call that no model of theirs has made or whose signature is lost: a history of other vendors goes on.</summary>
    private const string Unsigned = "skip_thought_signature_validator";

    public static Failure? Write(Utf8JsonWriter writer, Conversation conversation, ModelTraits model)
    {
        if (conversation.System.Count > 0)
        {
            writer.WriteStartObject("systemInstruction"u8);
            writer.WriteStartArray("parts"u8);
            foreach (var text in conversation.System) PartWriter.Text(writer, text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        writer.WriteStartArray("contents"u8);
        foreach (var content in conversation.Contents)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, content.Role == ContentRole.Model ? "model"u8 : "user"u8);
            writer.WriteStartArray("parts"u8);
            var failure = content.Role switch
            {
                ContentRole.Model => Model(writer, content.Parts, model, names),
                ContentRole.Results => Results(writer, content.Parts, names),
                _ => User(writer, content.Parts),
            };
            if (failure is not null) return failure;
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        return null;
    }

    private static Failure? User(Utf8JsonWriter writer, List<ChatPart> parts)
    {
        foreach (var part in parts)
            if (PartWriter.Media(writer, part) is { } failure) return failure;
        return null;
    }

    private static Failure? Model(Utf8JsonWriter writer, List<ChatPart> parts, ModelTraits model, Dictionary<string, string> names)
    {
        var calls = 0;
        for (var at = 0; at < parts.Count; at++)
        {
            switch (parts[at])
            {
                case ChatPart.Text text:
                    // A signature of a text came behind it, as reasoning without a word.
                    var next = at + 1 < parts.Count ? SignatureOfText(parts[at + 1]) : null;
                    PartWriter.Text(writer, text.Value, next);
                    if (next is not null) at++;
                    break;
                case ChatPart.Thinking thinking when SignatureOfText(thinking) is { } signature:
                    PartWriter.Text(writer, "", signature);
                    break;
                case ChatPart.Thinking thinking:
                    PartWriter.Text(writer, thinking.Value, ThoughtSignatures.Read(thinking.Signature, out _), isThought: true);
                    break;
                case ChatPart.ToolCall call:
                    names[call.Id] = ToolNames.ForGoogle(call.Name);
                    // Parallel calls are signed at the first one only.
                    var proof = ToolCallIds.Signature(call.Id) ?? (model.NeedsSignedCalls && calls == 0 ? Unsigned : null);
                    PartWriter.Call(writer, CustomTools.AsFunction(call), proof);
                    calls++;
                    break;
                case var other:
                    if (PartWriter.Media(writer, other) is { } failure) return failure;
                    break;
            }
        }

        return null;
    }

    private static string? SignatureOfText(ChatPart part) =>
        part is ChatPart.Thinking { Value: "" } thinking && ThoughtSignatures.Read(thinking.Signature, out var signed) is { } text && signed == SignedPart.Text ? text : null;

    /// <summary>Results first, in the order of their calls; what they show comes behind them, because only the newest models take it inside.</summary>
    private static Failure? Results(Utf8JsonWriter writer, List<ChatPart> parts, Dictionary<string, string> names)
    {
        var shown = new List<ChatPart>();
        foreach (var result in parts.OfType<ChatPart.ToolResult>())
        {
            var name = names.GetValueOrDefault(result.CallId, "");
            var media = result.Content.Where(part => part is ChatPart.Image or ChatPart.Document { MediaType: not "text/plain" }).ToList();
            PartWriter.Result(writer, name, result);
            if (media.Count > 0) shown.Add(new ChatPart.Text($"Attached to the result of {name}:"));
            shown.AddRange(media);
        }

        return User(writer, shown);
    }
}
