using System.Text;
using System.Text.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Tests.Support;

/// <summary>A Responses stream as strict clients hold it: openai-node's accumulator, Codex, and the order of dialects 3.6.</summary>
public static class ResponsesGrammar
{
    /// <summary>Fails where a client would; gives the last event's response.</summary>
    public static JsonElement Check(string stream)
    {
        Assert.DoesNotContain('\r', stream);
        var (number, open) = (0, -1);
        var items = new List<Item>();
        JsonElement? last = null;
        Wire.Frames(Encoding.UTF8.GetBytes(stream), null, (in SseFrame frame) =>
        {
            Assert.True(frame.HasData);
            var body = JsonDocument.Parse(frame.Data.ToArray()).RootElement;
            var type = body.GetProperty("type").GetString()!;
            Assert.Null(last);
            Assert.Equal(Encoding.UTF8.GetString(frame.Event), type);
            Assert.Equal(number, body.GetProperty("sequence_number").GetInt32());
            if (number == 0) Assert.True(type is "response.created" or "error", type);
            if (number == 1 && type != "response.failed") Assert.Equal("response.in_progress", type);
            number++;
            if (type is "response.completed" or "response.incomplete" or "response.failed" or "error")
            {
                last = type == "error" ? body.Clone() : body.GetProperty("response").Clone();
                if (type is "response.completed" or "response.incomplete") CheckWhole(last.Value, items, open);
                return;
            }

            if (type == "response.output_item.added")
            {
                Assert.Equal(-1, open);
                open = body.GetProperty("output_index").GetInt32();
                Assert.Equal(items.Count, open);
                items.Add(new Item(body.GetProperty("item").Clone()));
                Assert.Equal(items.Count, items.Select(item => item.Id).Distinct().Count());
            }
            else if (type.StartsWith("response.", StringComparison.Ordinal) && body.TryGetProperty("output_index", out var index))
            {
                Assert.Equal(open, index.GetInt32());
                items[open].Take(type, body);
                if (type == "response.output_item.done") open = -1;
            }
            else
            {
                Assert.True(type is "response.created" or "response.in_progress", type);
                Assert.Equal("in_progress", body.GetProperty("response").GetProperty("status").GetString());
                Assert.Equal(0, body.GetProperty("response").GetProperty("output").GetArrayLength());
            }
        });
        Assert.NotNull(last);
        return last.Value;
    }

    private static void CheckWhole(JsonElement response, List<Item> items, int open)
    {
        Assert.Equal(-1, open);
        foreach (var name in new[] { "id", "object", "created_at", "model", "output", "usage", "tools", "tool_choice", "parallel_tool_calls", "error", "incomplete_details", "instructions", "temperature", "top_p", "metadata" })
            Assert.True(response.TryGetProperty(name, out _), name);
        Assert.Equal(items.Select(item => item.Done!.Value.GetRawText()), response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()));
        var usage = response.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt64(), usage.GetProperty("input_tokens").GetInt64() + usage.GetProperty("output_tokens").GetInt64());
        usage.GetProperty("input_tokens_details").GetProperty("cached_tokens").GetInt64();
        usage.GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt64();
    }

    private sealed class Item(JsonElement added)
    {
        private readonly List<StringBuilder> parts = [];
        private readonly List<int> annotations = [];
        private readonly StringBuilder value = new();
        private bool partIsOpen;

        public string Id { get; } = added.GetProperty("id").GetString()!;

        public JsonElement? Done { get; private set; }

        public void Take(string type, JsonElement body)
        {
            Assert.Null(Done);
            if (type != "response.output_item.done") Assert.Equal(Id, body.GetProperty("item_id").GetString());
            switch (type)
            {
                case "response.content_part.added" or "response.reasoning_summary_part.added":
                    Assert.False(partIsOpen);
                    Assert.Equal(parts.Count, Position(body));
                    parts.Add(new StringBuilder());
                    annotations.Add(0);
                    partIsOpen = true;
                    break;
                case "response.output_text.delta" or "response.refusal.delta" or "response.reasoning_summary_text.delta":
                    Assert.True(partIsOpen);
                    Assert.Equal(parts.Count - 1, Position(body));
                    if (type == "response.output_text.delta") Assert.Equal(JsonValueKind.Array, body.GetProperty("logprobs").ValueKind);
                    parts[^1].Append(body.GetProperty("delta").GetString());
                    break;
                case "response.output_text.annotation.added":
                    Assert.Equal(annotations[^1]++, body.GetProperty("annotation_index").GetInt32());
                    break;
                case "response.output_text.done" or "response.reasoning_summary_text.done":
                    Assert.Equal(parts[^1].ToString(), body.GetProperty("text").GetString());
                    break;
                case "response.refusal.done":
                    Assert.Equal(parts[^1].ToString(), body.GetProperty("refusal").GetString());
                    break;
                case "response.content_part.done" or "response.reasoning_summary_part.done":
                    partIsOpen = false;
                    CheckPart(body.GetProperty("part"), parts.Count - 1);
                    break;
                case "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta":
                    value.Append(body.GetProperty("delta").GetString());
                    break;
                case "response.function_call_arguments.done":
                    CheckValue(body.GetProperty("arguments").GetString()!);
                    break;
                case "response.custom_tool_call_input.done":
                    CheckValue(body.GetProperty("input").GetString()!);
                    break;
                case "response.output_item.done":
                    Finish(body.GetProperty("item").Clone());
                    break;
                default:
                    Assert.Fail("an event that clients do not know: " + type);
                    break;
            }
        }

        private static int Position(JsonElement body) =>
            (body.TryGetProperty("content_index", out var index) ? index : body.GetProperty("summary_index")).GetInt32();

        private void CheckValue(string whole)
        {
            if (value.Length > 0) Assert.Equal(value.ToString(), whole);
            else value.Append(whole);
        }

        private void CheckPart(JsonElement part, int position)
        {
            var text = part.TryGetProperty("text", out var plain) ? plain : part.GetProperty("refusal");
            Assert.Equal(parts[position].ToString(), text.GetString());
            if (part.GetProperty("type").GetString() != "output_text") return;
            Assert.Equal(annotations[position], part.GetProperty("annotations").GetArrayLength());
            Assert.Equal(JsonValueKind.Array, part.GetProperty("logprobs").ValueKind);
        }

        private void Finish(JsonElement item)
        {
            Done = item;
            foreach (var name in new[] { "id", "type", "call_id", "name" })
                Assert.Equal(added.TryGetProperty(name, out var before) ? before.GetString() : null, item.TryGetProperty(name, out var after) ? after.GetString() : null);
            if (item.TryGetProperty("arguments", out var arguments)) Assert.Equal(value.ToString(), arguments.GetString());
            if (item.TryGetProperty("input", out var input)) Assert.Equal(value.ToString(), input.GetString());
            var list = item.TryGetProperty("content", out var content) ? content : item.TryGetProperty("summary", out var summary) ? summary : default;
            if (list.ValueKind != JsonValueKind.Array) return;
            Assert.Equal(parts.Count, list.GetArrayLength());
            for (var position = 0; position < parts.Count; position++) CheckPart(list[position], position);
        }
    }
}
