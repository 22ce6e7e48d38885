using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Faults.Callers;

/// <summary>Responses as the accumulator of openai-node and Codex read it (dialects 3.6, "Client insists on").</summary>
internal sealed class ResponsesCaller() : Caller("responses")
{
    private static readonly string[] Terminals = ["response.completed", "response.incomplete", "response.failed"];

    public override string Dialect => "openai-responses";

    public override (string End, string Tools) Stops => ("completed", "completed");

    public override string Path(TestServer server) => "/v1/responses";

    public override string Ask(string model, bool stream) =>
        $$"""{"model":"{{model}}","input":[{"role":"user","content":"Hello"}],"store":false,"tools":[{{Tool("get_weather")}},{{Tool("get_time")}}]{{(stream ? ",\"stream\":true" : "")}}}""";

    public override int StatusOf(int upstream) => upstream switch { 401 => 502, 502 or 503 or 529 => 503, _ => upstream };

    public override Told ReadWhole(JsonElement answer)
    {
        var told = new Told { Ended = true };
        Assert.Equal("response", answer.GetProperty("object").GetString());
        ReadResponse(answer, told);
        foreach (var item in answer.GetProperty("output").EnumerateArray())
            ReadItem(item, told);
        return told;
    }

    public override Told ReadStream(List<CallerFrame> frames)
    {
        var (told, items, number) = (new Told(), new List<Item>(), 0);
        foreach (var frame in frames)
        {
            Assert.False(told.Ended, $"after the end: {frame}");
            Assert.Null(told.Error);
            var data = JsonDocument.Parse(frame.Data).RootElement;
            Assert.Equal(frame.Event, data.GetProperty("type").GetString());
            if (frame.Event == "error")
            {
                told.Error = data;
                continue;
            }
            Assert.Equal(number, data.GetProperty("sequence_number").GetInt32());
            Assert.Equal(number++ == 0, frame.Event == "response.created");
            if (Terminals.Contains(frame.Event))
                ReadEnd(frame.Event!, data.GetProperty("response"), items, told);
            else
                ReadEvent(frame.Event!, data, items);
        }
        if (told.Ended)
            Assert.All(items, item => Assert.True(item.IsDone, "an item that is not done"));
        foreach (var item in items)
            if (item.Call is null)
                told.Text += item.Text;
            else
                told.Calls.Add(item.Call);
        return told;
    }

    public override void CheckError(JsonElement error, int status) =>
        Assert.Equal(["code", "error"], error.EnumerateObject().Select(member => member.Name));

    public override void CheckStreamError(JsonElement error)
    {
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.True(error.TryGetProperty("code", out _));
    }

    private static void ReadEvent(string type, JsonElement data, List<Item> items)
    {
        if (type is "response.created" or "response.in_progress" or "response.queued")
        {
            Assert.Equal(0, data.GetProperty("response").GetProperty("output").GetArrayLength());
            return;
        }
        var at = data.GetProperty("output_index").GetInt32();
        if (type == "response.output_item.added")
        {
            Assert.Equal(items.Count, at);
            var added = data.GetProperty("item");
            items.Add(new Item(added.GetProperty("id").GetString()!, added.GetProperty("type").GetString() == "function_call" ? Call(added) : null));
            return;
        }
        var item = items[at];
        Assert.False(item.IsDone, "an event of an item that is done");
        if (type != "response.output_item.done")
            Assert.Equal(item.Id, data.GetProperty("item_id").GetString());
        switch (type)
        {
            case "response.output_text.delta":
                item.Text += data.GetProperty("delta").GetString();
                break;
            case "response.output_text.done":
                Assert.Equal(item.Text, data.GetProperty("text").GetString());
                break;
            case "response.function_call_arguments.delta":
                item.Call!.Arguments += data.GetProperty("delta").GetString();
                break;
            case "response.function_call_arguments.done":
                Assert.Equal(item.Call!.Arguments, data.GetProperty("arguments").GetString());
                break;
            case "response.output_item.done":
                Assert.Equal(item.Id, data.GetProperty("item").GetProperty("id").GetString());
                item.IsDone = true;
                break;
            default:
                Assert.Contains(type, new[] { "response.content_part.added", "response.content_part.done" });
                break;
        }
    }

    private static void ReadEnd(string type, JsonElement response, List<Item> items, Told told)
    {
        if (type == "response.failed")
        {
            Assert.Equal("failed", response.GetProperty("status").GetString());
            told.Error = response.GetProperty("error");
            return;
        }
        told.Ended = true;
        Assert.Equal(items.Count, response.GetProperty("output").GetArrayLength());
        Assert.Equal(items.Select(item => item.Id), response.GetProperty("output").EnumerateArray().Select(item => item.GetProperty("id").GetString()));
        ReadResponse(response, told);
    }

    private static void ReadResponse(JsonElement response, Told told)
    {
        told.Stop = response.GetProperty("status").GetString();
        if (response.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
            (told.Input, told.Output) = (Count(usage, "input_tokens"), Count(usage, "output_tokens"));
    }

    private static void ReadItem(JsonElement item, Told told)
    {
        if (item.GetProperty("type").GetString() == "function_call")
        {
            var call = Call(item);
            call.Arguments = item.GetProperty("arguments").GetString()!;
            told.Calls.Add(call);
            return;
        }
        Assert.Equal(("message", "assistant"), (item.GetProperty("type").GetString(), item.GetProperty("role").GetString()));
        foreach (var part in item.GetProperty("content").EnumerateArray())
            told.Text += part.GetProperty("text").GetString();
    }

    private static ToldCall Call(JsonElement item) => new(item.GetProperty("call_id").GetString()!, item.GetProperty("name").GetString()!);

    private static string Tool(string tool) => $$"""{"type":"function","name":"{{tool}}","parameters":{{Schema}},"strict":false}""";

    private sealed class Item(string id, ToldCall? call)
    {
        public string Id => id;

        public ToldCall? Call => call;

        public string Text { get; set; } = "";

        public bool IsDone { get; set; }
    }
}
