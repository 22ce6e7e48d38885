using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// Turns as <c>instructions</c> and input items (dialects 3.3, 4.4, 4.5). Items carry no ids: those of another dialect would be refused for their prefix
/// (3.7), and calls are matched by <c>call_id</c> alone.
/// </summary>
internal static class InputWriter
{
    private const string ErrorMark = "Error: ";

    public static Failure? Write(Utf8JsonWriter writer, ChatRequest request, bool strict)
    {
        var turns = ToolPairing.Arrange(request.Messages, strict, out var failure);
        if (failure is not null) return failure;
        var leading = turns.TakeWhile(turn => turn.Role is ChatRole.System or ChatRole.Developer).ToList();
        if (leading.Exists(turn => turn.Parts.Any(part => part is not ChatPart.Text))) return SystemTakesText;
        var instructions = string.Join("\n\n", leading.SelectMany(turn => turn.Parts).OfType<ChatPart.Text>().Select(text => text.Value).Where(text => text.Length > 0));
        if (instructions.Length > 0) writer.WriteString("instructions"u8, instructions);

        var written = 0;
        var custom = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartArray("input"u8);
        foreach (var turn in turns.Skip(leading.Count))
        {
            failure = turn.Role switch
            {
                ChatRole.Assistant => Assistant(writer, turn, custom, ref written),
                ChatRole.Tool => Results(writer, turn, custom, ref written),
                ChatRole.User => Message(writer, "user"u8, turn.Parts, ref written),
                ChatRole.Developer => System(writer, "developer"u8, turn, ref written),
                _ => System(writer, "system"u8, turn, ref written),
            };
            if (failure is not null) return failure;
        }

        writer.WriteEndArray();
        return written == 0 ? Failure.Invalid("messages needs at least one user or assistant message with content.", "messages") : null;
    }

    private static Failure SystemTakesText { get; } = Failure.Invalid("A system message takes text only.", "messages");

    private static Failure? System(Utf8JsonWriter writer, ReadOnlySpan<byte> role, ChatMessage turn, ref int written) =>
        turn.Parts.Any(part => part is not ChatPart.Text) ? SystemTakesText : Message(writer, role, turn.Parts, ref written);

    private static Failure? Message(Utf8JsonWriter writer, ReadOnlySpan<byte> role, IReadOnlyList<ChatPart> parts, ref int written)
    {
        // An empty turn says nothing (dialects 4.5).
        if (parts.Count == 0) return null;
        written++;
        Begin(writer, "message"u8);
        writer.WriteString("role"u8, role);
        if (parts is [ChatPart.Text only])
        {
            writer.WriteString("content"u8, only.Value);
        }
        else
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in parts)
                if (PartWriter.Write(writer, part) is { } failure) return failure;
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        return null;
    }

    /// <summary>Text in runs, calls in their order. Reasoning of other makers is left out: only OpenAI's own could be read there (dialects 4.9).</summary>
    private static Failure? Assistant(Utf8JsonWriter writer, ChatMessage turn, HashSet<string> custom, ref int written)
    {
        var run = new List<ChatPart>();
        foreach (var part in turn.Parts)
        {
            switch (part)
            {
                case ChatPart.Text or ChatPart.Refusal:
                    run.Add(part);
                    break;
                case ChatPart.Image or ChatPart.Document:
                    return Failure.Unsupported("An assistant message takes no images or documents.", "messages");
                case ChatPart.ToolCall call:
                    Said(writer, run, ref written);
                    Call(writer, call, custom);
                    written++;
                    break;
            }
        }

        Said(writer, run, ref written);
        return null;
    }

    private static void Said(Utf8JsonWriter writer, List<ChatPart> run, ref int written)
    {
        if (run.Count == 0) return;
        written++;
        Begin(writer, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteStartArray("content"u8);
        foreach (var part in run)
        {
            writer.WriteStartObject();
            if (part is ChatPart.Refusal refusal)
            {
                writer.WriteString("type"u8, "refusal"u8);
                writer.WriteString("refusal"u8, refusal.Value);
            }
            else
            {
                writer.WriteString("type"u8, "output_text"u8);
                writer.WriteString("text"u8, ((ChatPart.Text)part).Value);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        run.Clear();
    }

    private static void Call(Utf8JsonWriter writer, ChatPart.ToolCall call, HashSet<string> custom)
    {
        Begin(writer, call.IsCustom ? "custom_tool_call"u8 : "function_call"u8);
        writer.WriteString("call_id"u8, ToolCallIds.ForResponses(call.Id));
        writer.WriteString("name"u8, ToolNames.ForUpstream(call.Name));
        if (call.IsCustom) writer.WriteString("input"u8, call.Arguments);
        else writer.WriteString("arguments"u8, string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments);
        writer.WriteEndObject();
        if (call.IsCustom) custom.Add(call.Id);
        else custom.Remove(call.Id);
    }

    private static Failure? Results(Utf8JsonWriter writer, ChatMessage turn, HashSet<string> custom, ref int written)
    {
        foreach (var result in turn.Parts.OfType<ChatPart.ToolResult>())
        {
            written++;
            Begin(writer, custom.Contains(result.CallId) ? "custom_tool_call_output"u8 : "function_call_output"u8);
            writer.WriteString("call_id"u8, ToolCallIds.ForResponses(result.CallId));
            if (WriteOutput(writer, result) is { } failure) return failure;
            writer.WriteEndObject();
        }

        return null;
    }

    /// <summary>A string where text is all there is; an error has no member of its own and is told in front (dialects 4.5).</summary>
    private static Failure? WriteOutput(Utf8JsonWriter writer, ChatPart.ToolResult result)
    {
        var hasMedia = result.Content.Any(part => part is not (ChatPart.Text or ChatPart.Refusal or ChatPart.Document { MediaType: "text/plain" }));
        if (!hasMedia)
        {
            var text = string.Join("\n", result.Content.Select(PartWriter.Plain));
            writer.WriteString("output"u8, result.IsError && !text.StartsWith(ErrorMark, StringComparison.OrdinalIgnoreCase) ? ErrorMark + text : text);
            return null;
        }

        writer.WriteStartArray("output"u8);
        if (result.IsError) PartWriter.Text(writer, ErrorMark.Trim());
        foreach (var part in result.Content)
            if (PartWriter.Write(writer, part) is { } failure) return failure;
        writer.WriteEndArray();
        return null;
    }

    private static void Begin(Utf8JsonWriter writer, ReadOnlySpan<byte> type)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }
}
