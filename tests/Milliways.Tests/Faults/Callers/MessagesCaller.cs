using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Faults.Callers;

/// <summary>Anthropic's Messages as the accumulators of its SDKs read it (dialects 2.11).</summary>
internal sealed class MessagesCaller() : Caller("messages")
{
    public override string Dialect => "anthropic";

    public override (string End, string Tools) Stops => ("end_turn", "tool_use");

    public override string Path(TestServer server) => "/v1/messages";

    public override string Ask(string model, bool stream) =>
        $$"""{"model":"{{model}}","max_tokens":64,"messages":[{"role":"user","content":"Hello"}],"tools":[{{Tool("get_weather")}},{{Tool("get_time")}}]{{(stream ? ",\"stream\":true" : "")}}}""";

    public override int StatusOf(int upstream) => upstream switch { 401 => 502, 502 => 500, 503 => 529, _ => upstream };

    public override Told ReadWhole(JsonElement answer)
    {
        var told = new Told { Ended = true };
        Assert.Equal(("message", "assistant"), (answer.GetProperty("type").GetString(), answer.GetProperty("role").GetString()));
        foreach (var block in answer.GetProperty("content").EnumerateArray())
            if (block.GetProperty("type").GetString() == "text")
                told.Text += block.GetProperty("text").GetString();
            else
                told.Calls.Add(new ToldCall(block.GetProperty("id").GetString()!, block.GetProperty("name").GetString()!) { Arguments = block.GetProperty("input").GetRawText() });
        told.Stop = answer.GetProperty("stop_reason").GetString();
        ReadUsage(answer, told);
        return told;
    }

    public override Told ReadStream(List<CallerFrame> frames)
    {
        var told = new Told();
        var (started, block, open, call) = (false, -1, "", (ToldCall?)null);
        foreach (var frame in frames)
        {
            Assert.False(told.Ended, $"after the end: {frame}");
            Assert.Null(told.Error);
            var data = JsonDocument.Parse(frame.Data).RootElement;
            Assert.Equal(frame.Event, data.GetProperty("type").GetString());
            if (frame.Event == "ping")
                continue;
            if (frame.Event == "error")
            {
                told.Error = data;
                continue;
            }
            Assert.Equal(!started, frame.Event == "message_start");
            switch (frame.Event)
            {
                case "message_start":
                    started = true;
                    Assert.Equal(JsonValueKind.Null, data.GetProperty("message").GetProperty("stop_reason").ValueKind);
                    Assert.Equal(0, data.GetProperty("message").GetProperty("content").GetArrayLength());
                    ReadUsage(data.GetProperty("message"), told);
                    break;
                case "content_block_start":
                    Assert.Equal("", open);
                    Assert.Null(told.Stop);
                    Assert.Equal(++block, data.GetProperty("index").GetInt32());
                    var content = data.GetProperty("content_block");
                    open = content.GetProperty("type").GetString()!;
                    call = null;
                    if (open == "tool_use")
                        told.Calls.Add(call = new ToldCall(content.GetProperty("id").GetString()!, content.GetProperty("name").GetString()!));
                    break;
                case "content_block_delta":
                    Assert.Equal(block, data.GetProperty("index").GetInt32());
                    var delta = data.GetProperty("delta");
                    Assert.Equal((open, delta.GetProperty("type").GetString()), open == "tool_use" ? ("tool_use", "input_json_delta") : ("text", "text_delta"));
                    if (call is null)
                        told.Text += delta.GetProperty("text").GetString();
                    else
                        call.Arguments += delta.GetProperty("partial_json").GetString();
                    break;
                case "content_block_stop":
                    Assert.NotEqual("", open);
                    Assert.Equal(block, data.GetProperty("index").GetInt32());
                    open = "";
                    break;
                case "message_delta":
                    Assert.Equal("", open);
                    told.Stop = data.GetProperty("delta").GetProperty("stop_reason").GetString();
                    ReadUsage(data, told);
                    break;
                case "message_stop":
                    Assert.NotNull(told.Stop);
                    told.Ended = true;
                    break;
                default:
                    Assert.Fail($"an unknown event: {frame.Event}");
                    break;
            }
        }
        return told;
    }

    public override void CheckError(JsonElement error, int status)
    {
        Assert.Equal(["type", "error", "request_id"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal("error", error.GetProperty("type").GetString());
        Assert.Matches("^([a-z_]+_error|request_too_large)$", error.GetProperty("error").GetProperty("type").GetString());
        Assert.NotEqual("", error.GetProperty("error").GetProperty("message").GetString());
    }

    public override void CheckStreamError(JsonElement error) => CheckError(error, 0);

    private static void ReadUsage(JsonElement holder, Told told)
    {
        if (!holder.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
            return;
        told.Input = Count(usage, "input_tokens") + (Count(usage, "cache_read_input_tokens") ?? 0) + (Count(usage, "cache_creation_input_tokens") ?? 0) ?? told.Input;
        told.Output = Count(usage, "output_tokens");
    }

    private static string Tool(string tool) => $$"""{"name":"{{tool}}","input_schema":{{Schema}}}""";
}
