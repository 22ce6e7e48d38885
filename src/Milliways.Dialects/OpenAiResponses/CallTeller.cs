using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Tells of an upstream's calls: each once, when its name is known, with its arguments behind it (dialects 4.12.4).</summary>
internal sealed class CallTeller(Func<string> answerId)
{
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private int count;

    public bool HasCalls => count > 0;

    /// <summary>Takes what an item's object says of a call.</summary>
    public static void Learn(UpstreamItem item, JsonElement element)
    {
        if (!item.IsCall) return;
        // Results refer to call_id; id names the item only.
        item.CallId ??= element.Text("call_id") is { Length: > 0 } callId ? callId : null;
        if (item.Name.Length > 0 || element.Text("name") is not { Length: > 0 } name) return;
        item.Name = element.Text("namespace") is { Length: > 0 } space ? Namespaces.Join(space, name) : name;
    }

    /// <summary>A piece of the arguments, or none: the call itself.</summary>
    public Failure? Tell(UpstreamItem item, string? piece, IChatEventSink sink)
    {
        item.Came += piece?.Length ?? 0;
        if (item.Name.Length == 0)
        {
            item.Early.Append(piece);
            return null;
        }

        if (item.Call is null)
        {
            if (count >= ChatBounds.ToolCalls) return Failure.Broken("stream", "The upstream's answer has too many tool calls.");
            item.Call = count++;
            sink.On(new ChatEvent.ToolCallStarted(0, item.Call.Value, UniqueId(item), item.Name) { IsCustom = item.Type == "custom_tool_call" });
            piece = item.Early.Append(piece).ToString();
            item.Early.Clear();
        }

        if (!string.IsNullOrEmpty(piece)) sink.On(new ChatEvent.ToolCallDelta(0, item.Call.Value, piece));
        return null;
    }

    /// <summary>The whole arguments: what of them has not come yet.</summary>
    public Failure? Finish(UpstreamItem item, JsonElement whole, IChatEventSink sink)
    {
        // An object where text belongs can only be told when nothing came before it.
        var text = whole.ValueKind == JsonValueKind.Object ? item.Came == 0 ? JsonText.Compact(whole) : null
            : whole.ValueKind == JsonValueKind.String ? JsonText.Of(whole) : null;
        return Tell(item, text is not null && text.Length > item.Came ? text[item.Came..] : null, sink);
    }

    private string UniqueId(UpstreamItem item)
    {
        var id = item.CallId ?? (item.Id is { Length: > 0 } own ? own : ToolCallIds.Made(answerId(), 0, item.Call!.Value));
        var unique = id;
        for (var copy = 2; !ids.Add(unique); copy++) unique = id + "_" + JsonText.Number(copy);
        return unique;
    }
}
