using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Faults.Callers;

/// <summary>Chat Completions as its strictest clients read it (dialects 1.7, "What clients insist on").</summary>
internal sealed class ChatCaller(string name, bool isXai) : Caller(name)
{
    public override string Dialect => "openai-chat";

    public override (string End, string Tools) Stops => ("stop", "tool_calls");

    public override string Path(TestServer server) => isXai ? "/v1/chat/completions" : server.Gateway + "/compat/chat/completions";

    public override string Ask(string model, bool stream) =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hello"}],"tools":[{{Tool("get_weather")}},{{Tool("get_time")}}]{{(stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "")}}}""";

    public override int StatusOf(int upstream) => upstream switch { 401 => 502, 502 or 503 or 529 => 503, _ => upstream };

    public override Told ReadWhole(JsonElement answer)
    {
        var told = new Told { Ended = true };
        Assert.Equal("chat.completion", answer.GetProperty("object").GetString());
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        var message = choice.GetProperty("message");
        Assert.Equal("assistant", message.GetProperty("role").GetString());
        told.Text = message.GetProperty("content").GetString() ?? "";
        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            foreach (var call in calls.EnumerateArray())
            {
                Assert.Equal("function", call.GetProperty("type").GetString());
                told.Calls.Add(new ToldCall(call.GetProperty("id").GetString()!, call.GetProperty("function").GetProperty("name").GetString()!)
                {
                    Arguments = call.GetProperty("function").GetProperty("arguments").GetString()!,
                });
            }
        told.Stop = choice.GetProperty("finish_reason").GetString();
        ReadUsage(answer, told);
        return told;
    }

    public override Told ReadStream(List<CallerFrame> frames)
    {
        var told = new Told();
        string? head = null;
        var hasRole = false;
        foreach (var frame in frames)
        {
            Assert.False(told.Ended, $"after the end: {frame}");
            Assert.Null(told.Error);
            Assert.Null(frame.Event);
            if (frame.Data == "[DONE]")
            {
                told.Ended = true;
                continue;
            }
            var chunk = JsonDocument.Parse(frame.Data).RootElement;
            if (!chunk.TryGetProperty("choices", out var choices))
            {
                told.Error = chunk;
                continue;
            }
            Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString());
            var facts = $"{chunk.GetProperty("id").GetString()} {chunk.GetProperty("model").GetString()}";
            Assert.Equal(head ??= facts, facts);
            Assert.Null(told.Output); // usage is the last chunk
            ReadUsage(chunk, told);
            foreach (var choice in choices.EnumerateArray())
                ReadChoice(choice, told, ref hasRole);
        }
        if (told.Ended)
        {
            Assert.True(hasRole, "no role");
            Assert.NotNull(told.Stop);
        }
        return told;
    }

    public override void CheckError(JsonElement error, int status)
    {
        if (isXai)
        {
            Assert.Equal(["code", "error"], error.EnumerateObject().Select(member => member.Name));
            Assert.NotEqual("", error.GetProperty("code").GetString());
            Assert.NotEqual("", error.GetProperty("error").GetString());
            return;
        }
        if (error.TryGetProperty("internalCode", out var code)) // what the gateway itself says of an upstream
        {
            Assert.Equal((status == 401 ? 2009 : 2005, status), (code.GetInt32(), error.GetProperty("httpCode").GetInt32()));
            return;
        }
        Assert.Equal(["error"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["message", "type", "param", "code"], error.GetProperty("error").EnumerateObject().Select(member => member.Name));
        Assert.NotEqual("", error.GetProperty("error").GetProperty("message").GetString());
    }

    public override void CheckStreamError(JsonElement error) => CheckError(error, 0);

    private void ReadChoice(JsonElement choice, Told told, ref bool hasRole)
    {
        Assert.Equal(0, choice.GetProperty("index").GetInt32());
        Assert.True(told.Stop is null, "a delta after the finish");
        var delta = choice.GetProperty("delta");
        if (delta.TryGetProperty("role", out var role))
        {
            Assert.Equal("assistant", role.GetString());
            hasRole = true;
        }
        if (delta.TryGetProperty("content", out var content))
            told.Text += content.GetString();
        if (delta.TryGetProperty("tool_calls", out var calls))
            foreach (var call in calls.EnumerateArray())
                ReadCall(call, told);
        if (choice.TryGetProperty("finish_reason", out var finish))
            told.Stop = finish.GetString();
    }

    private static void ReadCall(JsonElement call, Told told)
    {
        var (index, function) = (call.GetProperty("index").GetInt32(), call.GetProperty("function"));
        if (index == told.Calls.Count)
        {
            Assert.Equal("function", call.GetProperty("type").GetString());
            told.Calls.Add(new ToldCall(call.GetProperty("id").GetString()!, function.GetProperty("name").GetString()!));
        }
        else
        {
            Assert.False(function.TryGetProperty("name", out _), "a name in a later delta");
            Assert.False(call.TryGetProperty("id", out _), "an id in a later delta");
        }
        told.Calls[index].Arguments += function.GetProperty("arguments").GetString();
    }

    private static void ReadUsage(JsonElement chunk, Told told)
    {
        if (!chunk.TryGetProperty("usage", out var usage) || usage.ValueKind == JsonValueKind.Null)
            return;
        (told.Input, told.Output) = (Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"));
    }

    private static string Tool(string tool) => $$$"""{"type":"function","function":{"name":"{{{tool}}}","parameters":{{{Schema}}}}}""";
}
