using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// The turns of a request: instructions, earlier items, input (dialects 3.3, 4.4, 4.5). The items of one answer (reasoning, message, calls) are one
/// turn of the assistant; results in a row are one tool turn.
/// </summary>
internal sealed class Conversation
{
    private readonly List<ChatMessage> turns = [];
    private readonly Dictionary<string, JsonElement> byId = new(StringComparer.Ordinal);
    private bool lastIsMessage;

    public static List<ChatMessage> Read(JsonField root, IReadOnlyList<ReadOnlyMemory<byte>>? earlier)
    {
        var conversation = new Conversation();
        if (root["instructions"].Text() is { Length: > 0 } instructions)
            conversation.turns.Add(new ChatMessage(ChatRole.System, [new ChatPart.Text(instructions)]));
        foreach (var items in earlier ?? []) conversation.AddEarlier(items);
        conversation.AddInput(root["input"], hasEarlier: earlier is not null);
        return conversation.turns;
    }

    /// <summary>What the server kept was read by it before: nothing in it is the caller's mistake now.</summary>
    private void AddEarlier(ReadOnlyMemory<byte> items)
    {
        using var document = JsonText.TryParse(items.Span);
        if (document is null) return;
        var reading = new JsonReading();
        foreach (var item in new JsonField(document.RootElement, JsonPath.Root.Member("previous_response_id"), reading).Items()) Add(item);
    }

    private void AddInput(JsonField input, bool hasEarlier)
    {
        if (input.IsText)
        {
            if (input.Text() is { Length: > 0 } text) turns.Add(new ChatMessage(ChatRole.User, [new ChatPart.Text(text)]));
            else if (!hasEarlier) input.Reading.OutOfRange(input.Path, "a text that is not empty");
            return;
        }

        if (!input.IsPresent)
        {
            if (!hasEarlier) input.Reading.Missing(input.Path);
            return;
        }

        if (!input.IsArray)
        {
            input.Reading.WrongType(input.Path, "a string or an array of items", input.Value);
            return;
        }

        if (input.Value.GetArrayLength() == 0 && !hasEarlier) input.Reading.OutOfRange(input.Path, "an array of at least one item");
        foreach (var item in input.Items())
        {
            if (input.Reading.Failure is not null) return;
            Add(item);
        }
    }

    private void Add(JsonField item)
    {
        if (!item.Object().IsObject)
        {
            if (!item.IsPresent) item.Reading.Missing(item.Path);
            return;
        }

        if (item["id"] is { IsText: true } id) byId.TryAdd(id.RequiredText(), item.Value.Clone());
        // Some clients leave the type away: a role makes it a message (RSP-11).
        var type = item["type"].Text() ?? (item["role"].IsPresent ? "message" : item["id"].IsPresent ? "item_reference" : null);
        switch (type)
        {
            case "message":
                AddMessage(item);
                break;
            case "function_call":
                AddCall(item, new ChatPart.ToolCall(item["call_id"].Text() ?? "", NameOf(item), Arguments(item["arguments"])));
                break;
            case "custom_tool_call":
                AddCall(item, new ChatPart.ToolCall(item["call_id"].Text() ?? "", NameOf(item), item["input"].Text() ?? "") { IsCustom = true });
                break;
            case "function_call_output" or "custom_tool_call_output":
                AddResult(item);
                break;
            case "reasoning":
                foreach (var part in ReasoningItem.Read(item)) AddToAssistant(part);
                break;
            case "item_reference":
                AddReferenced(item);
                break;
            case "web_search_call" or "x_search_call" or "file_search_call":
                // The search of an earlier turn; what came of it is in the text (dialects 3.3).
                break;
            default:
                Refuse(item, type);
                break;
        }
    }

    private void AddMessage(JsonField item)
    {
        switch (item["role"].RequiredText())
        {
            case "user":
                Append(ChatRole.User, PartReader.Content(item["content"], PartReader.Kinds.User));
                break;
            case "system":
                Append(ChatRole.System, PartReader.Content(item["content"], PartReader.Kinds.Text));
                break;
            case "developer":
                Append(ChatRole.Developer, PartReader.Content(item["content"], PartReader.Kinds.Text));
                break;
            case "assistant":
                // Two messages in a row are two turns, unless a call stands between them.
                var parts = PartReader.Content(item["content"], PartReader.Kinds.Assistant);
                if (lastIsMessage) Append(ChatRole.Assistant, parts);
                else AddToAssistant([.. parts]);
                lastIsMessage = true;
                break;
            default:
                if (item["role"].IsText) item.Reading.OutOfRange(item["role"].Path, "one of user, assistant, system, developer");
                break;
        }
    }

    private void AddCall(JsonField item, ChatPart.ToolCall call)
    {
        if (call.Name.Length == 0) item.Reading.OutOfRange(item["name"].Path, "a name");
        AddToAssistant(call);
    }

    private void AddResult(JsonField item)
    {
        var result = new ChatPart.ToolResult(item["call_id"].Text() ?? "", PartReader.Output(item["output"]), IsError: false);
        if (turns is [.., { Role: ChatRole.Tool } last]) turns[^1] = last with { Parts = [.. last.Parts, result] };
        else Append(ChatRole.Tool, [result]);
    }

    private void AddReferenced(JsonField item)
    {
        var id = item["id"].RequiredText();
        if (byId.TryGetValue(id, out var known) && known.Text("type") != "item_reference")
            Add(new JsonField(known, item.Path, item.Reading));
        else
            item.Reading.Fail(Failure.Invalid($"{item.Path} refers to the item '{id}', which is not kept here: send the item itself.", item.Path.ToString()));
    }

    private void AddToAssistant(params ChatPart[] parts)
    {
        lastIsMessage = false;
        if (turns is [.., { Role: ChatRole.Assistant } last]) turns[^1] = last with { Parts = [.. last.Parts, .. parts] };
        else Append(ChatRole.Assistant, [.. parts]);
    }

    private void Append(ChatRole role, List<ChatPart> parts)
    {
        lastIsMessage = false;
        turns.Add(new ChatMessage(role, parts));
    }

    private static string NameOf(JsonField call) =>
        call["namespace"].Text() is { Length: > 0 } space ? Namespaces.Join(space, call["name"].RequiredText()) : call["name"].RequiredText();

    private static string Arguments(JsonField arguments) =>
        arguments.IsObject ? JsonText.Compact(arguments.Value) : arguments.Text() ?? "";

    private static void Refuse(JsonField item, string? type)
    {
        var place = item["type"].Path;
        if (type is null) item.Reading.Missing(place);
        else
        {
            item.Reading.Fail(Failure.Unsupported(
                $"{place} is '{type}', which the upstream that serves this model cannot read; messages, function calls, custom tool calls, their outputs and reasoning are supported.",
                place.ToString()));
        }
    }
}
