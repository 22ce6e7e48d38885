using System.Globalization;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>
/// The tool calls of one choice out of deltas as servers really send them (dialects 4.12.1): without ids or indexes, with one index for all, with
/// names in pieces or repeated. A call is announced when its name is surely whole: at its first argument text, at the next call, or at the end.
/// </summary>
internal sealed class CallReader(int choice, Func<string> answerId)
{
    private readonly List<Call> calls = [];
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    public bool HasCalls => calls.Count > 0;

    public Failure? Read(JsonElement delta, IChatEventSink sink)
    {
        var items = delta.Get("tool_calls");
        if (items.ValueKind == JsonValueKind.Array)
        {
            var position = 0;
            var count = items.GetArrayLength();
            foreach (var item in items.EnumerateArray())
                if (ReadOne(item, position++, count, sink) is { } failure) return failure;
        }

        var legacy = delta.Get("function_call");
        return legacy.ValueKind == JsonValueKind.Object ? Take(Find(0, null, legacy.Text("name"), 0, 1), null, legacy, sink) : null;
    }

    /// <summary>The choice has ended: what was held back goes out.</summary>
    public void Finish(IChatEventSink sink)
    {
        foreach (var call in calls) Announce(call, sink);
    }

    private Failure? ReadOne(JsonElement item, int position, int count, IChatEventSink sink)
    {
        if (item.ValueKind != JsonValueKind.Object) return null;
        var function = item.Get("function");
        var isCustom = function.ValueKind != JsonValueKind.Object && item.Get("custom").ValueKind == JsonValueKind.Object;
        if (isCustom) function = item.Get("custom");
        var id = item.Text("id") is { Length: > 0 } text ? text : null;
        var name = function.Text("name") is { Length: > 0 } given ? given : null;
        return Take(Find(item.Index("index"), id, name, position, count), id, function, sink, isCustom);
    }

    /// <summary>Which call a delta belongs to; null begins a new one.</summary>
    private Call? Find(int? index, string? id, string? name, int position, int count)
    {
        if (index is { } given)
        {
            var known = calls.FindLast(call => call.UpstreamIndex == given);
            // One index for every call: a new id that comes with a name is a new call. A new id alone is a server that makes one for every delta.
            if (known is not null && id is not null && name is not null && known.UpstreamId is not null && known.UpstreamId != id) known = null;
            if (known is null) upstreamIndex = given;
            return known;
        }

        upstreamIndex = null;
        if (id is not null && calls.FindLast(call => call.UpstreamId == id) is { } same) return same;
        if (id is not null) return null;
        var last = count > 1 && position < calls.Count ? calls[position] : calls.LastOrDefault();
        // Whole calls one after another, with neither id nor index.
        return name is not null && (last is null || last.HasArguments || (count > 1 && position >= calls.Count)) ? null : last;
    }

    private int? upstreamIndex;

    private Failure? Take(Call? call, string? id, JsonElement function, IChatEventSink sink, bool isCustom = false)
    {
        if (call is null)
        {
            if (calls.Count >= ChatBounds.ToolCalls) return Failure.Broken("stream", "The upstream's answer has too many tool calls.");
            foreach (var earlier in calls) Announce(earlier, sink);
            calls.Add(call = new Call(calls.Count, upstreamIndex) { IsCustom = isCustom });
        }

        call.UpstreamId ??= id;
        if (!call.IsAnnounced && function.Text("name") is { Length: > 0 } name && name != call.Name)
            call.Name = name.StartsWith(call.Name, StringComparison.Ordinal) ? name : call.Name + name;

        var arguments = isCustom ? function.Text("input")
            : function.Get("arguments") is { ValueKind: JsonValueKind.Object } whole ? JsonText.Compact(whole) : function.Text("arguments");
        if (string.IsNullOrEmpty(arguments)) return null;
        call.HasArguments = true;
        if (call.Name.Length == 0)
        {
            call.Early.Append(arguments);
            return null;
        }

        Announce(call, sink);
        sink.On(new ChatEvent.ToolCallDelta(choice, call.Index, arguments));
        return null;
    }

    private void Announce(Call call, IChatEventSink sink)
    {
        if (call.IsAnnounced || call.Name.Length == 0) return;
        call.IsAnnounced = true;
        sink.On(new ChatEvent.ToolCallStarted(choice, call.Index, UniqueId(call), call.Name) { IsCustom = call.IsCustom });
        if (call.Early.Length == 0) return;
        sink.On(new ChatEvent.ToolCallDelta(choice, call.Index, call.Early.ToString()));
        call.Early.Clear();
    }

    private string UniqueId(Call call)
    {
        var id = call.UpstreamId ?? ToolCallIds.Made(answerId(), choice, call.Index);
        var unique = id;
        for (var copy = 2; !ids.Add(unique); copy++) unique = id + "_" + copy.ToString(CultureInfo.InvariantCulture);
        return unique;
    }

    /// <summary>A call without any name cannot be handed on; one that has arguments is a loss that must show.</summary>
    public Failure? Lost() => calls.Exists(call => !call.IsAnnounced && call.HasArguments)
        ? Failure.Broken("stream", "The upstream's answer has a tool call without a name.") : null;

    private sealed class Call(int index, int? upstreamIndex)
    {
        public int Index => index;

        public int? UpstreamIndex => upstreamIndex;

        public bool IsCustom { get; init; }

        public string? UpstreamId { get; set; }

        public string Name { get; set; } = "";

        public StringBuilder Early { get; } = new();

        public bool HasArguments { get; set; }

        public bool IsAnnounced { get; set; }
    }
}
