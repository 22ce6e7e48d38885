using System.Text.Json.Nodes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.EndToEnd.Recorded;

/// <summary>What a client reads of a good answer, by path; streams are read by the grammars of the strictest clients.</summary>
internal static class Shapes
{
    public static void Check(RecordedRequest recorded, string upstream, string? contentType, string body)
    {
        if (recorded.IsStreamed)
        {
            Assert.Equal("text/event-stream", contentType);
            Stream(recorded, upstream, body);
            return;
        }
        Assert.Equal("application/json", contentType);
        var answer = JsonNode.Parse(body)!;
        switch (recorded.Path)
        {
            case var path when path.EndsWith("/chat/completions", StringComparison.Ordinal):
                Chat(recorded, answer);
                break;
            case var path when path.EndsWith("/messages", StringComparison.Ordinal):
                Message(recorded, answer);
                break;
            case "/v1/messages/count_tokens":
                Assert.True(Number(answer["input_tokens"]) > 0);
                break;
            case var path when path.StartsWith("/v1/responses", StringComparison.Ordinal):
                Response(recorded, answer);
                break;
            case "/v1/completions":
                Assert.Equal("text_completion", Text(answer["object"]));
                Assert.NotEmpty(Text(answer["choices"]![0]!["text"]));
                Assert.Equal("stop", Text(answer["choices"]![0]!["finish_reason"]));
                break;
            case "/v1/embeddings":
                Embedding(recorded, answer);
                break;
            case "/v1/models":
                Models(recorded, answer);
                break;
            case "/v1/models/grok-beta":
                Assert.Equal(("grok-beta", "model"), (Text(answer["id"]), Text(answer["object"])));
                break;
            default:
                Assert.Fail($"Nothing says what the client reads at {recorded.Path}.");
                break;
        }
    }

    /// <summary>An error answer of the path's dialect.</summary>
    public static void CheckError(RecordedRequest recorded, string body)
    {
        var error = JsonNode.Parse(body)!;
        if (recorded.Path.EndsWith("/messages", StringComparison.Ordinal))
        {
            Assert.Equal("error", Text(error["type"]));
            Assert.NotEmpty(Text(error["error"]!["message"]));
            Assert.NotEmpty(Text(error["error"]!["type"]));
        }
        else if (error["error"] is JsonObject openAi)
        {
            Assert.NotEmpty(Text(openAi["message"]));
        }
        else
        {
            Assert.NotEmpty(Text(error["code"]));
            Assert.NotEmpty(Text(error["error"]));
        }
    }

    private static void Stream(RecordedRequest recorded, string upstream, string body)
    {
        if (recorded.Path.EndsWith("/messages", StringComparison.Ordinal))
        {
            if (upstream == "anthropic")
                Assert.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", body, StringComparison.Ordinal);
            MessagesGrammar.Check(body);
        }
        else if (recorded.Path.EndsWith("/responses", StringComparison.Ordinal))
        {
            Assert.Equal("completed", ResponsesGrammar.Check(body).GetProperty("status").GetString());
        }
        else if (upstream == "openai-chat")
        {
            ChatBytes(recorded, body);
        }
        else
        {
            var flavour = recorded.Path.Contains("/compat/", StringComparison.Ordinal) ? Flavour.OpenAi : Flavour.Xai;
            ChatGrammar.Check(body, flavour, recorded.Body!["stream_options"]?["include_usage"]?.GetValue<bool>() == true);
        }
    }

    /// <summary>A stream of the same dialect: the upstream's own chunks, each with a list of choices, the usage only when it was asked for.</summary>
    private static void ChatBytes(RecordedRequest recorded, string body)
    {
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        var chunks = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(frame => JsonNode.Parse(frame["data: ".Length..])!).ToList();
        Assert.All(chunks, chunk => Assert.IsType<JsonArray>(chunk["choices"]));
        Assert.Single(chunks, chunk => chunk["choices"]!.AsArray() is [{ } choice] && choice["finish_reason"] is not null);
        Assert.Equal(recorded.Body!["stream_options"]?["include_usage"]?.GetValue<bool>() == true, chunks.Any(chunk => chunk["usage"] is JsonObject));
    }

    private static void Chat(RecordedRequest recorded, JsonNode answer)
    {
        Assert.Equal("chat.completion", Text(answer["object"]));
        Assert.NotEmpty(Text(answer["id"]));
        Assert.NotEmpty(Text(answer["model"]));
        Assert.True(Number(answer["created"]) > 0);
        foreach (var name in new[] { "prompt_tokens", "completion_tokens", "total_tokens" })
            Assert.True(Number(answer["usage"]![name]) > 0, name);
        var choice = answer["choices"]![0]!;
        var message = choice["message"]!;
        Assert.Equal("assistant", Text(message["role"]));
        if (Calls(recorded))
        {
            Assert.Equal("tool_calls", Text(choice["finish_reason"]));
            Assert.All(message["tool_calls"]!.AsArray(), call =>
            {
                Assert.NotEmpty(Text(call!["id"]));
                Assert.Equal("function", Text(call["type"]));
                Assert.IsType<JsonObject>(JsonNode.Parse(Text(call["function"]!["arguments"])));
            });
        }
        else
        {
            Assert.Equal("stop", Text(choice["finish_reason"]));
            Assert.NotEmpty(Text(message["content"]));
            if (Text(recorded.Body!["response_format"]?["type"]) == "json_schema")
                Assert.IsType<JsonObject>(JsonNode.Parse(Text(message["content"])));
        }
    }

    private static void Message(RecordedRequest recorded, JsonNode answer)
    {
        Assert.Equal(("message", "assistant"), (Text(answer["type"]), Text(answer["role"])));
        Assert.NotEmpty(Text(answer["id"]));
        Assert.NotEmpty(Text(answer["model"]));
        Assert.True(Number(answer["usage"]!["input_tokens"]) > 0 && Number(answer["usage"]!["output_tokens"]) > 0);
        var blocks = answer["content"]!.AsArray();
        Assert.Equal(Calls(recorded) ? "tool_use" : "end_turn", Text(answer["stop_reason"]));
        Assert.Contains(blocks, block => Text(block!["type"]) == (Calls(recorded) ? "tool_use" : "text"));
        Assert.All(blocks.Where(block => Text(block!["type"]) == "tool_use"), block => Assert.IsType<JsonObject>(block!["input"]));
        if (recorded.Body!["output_config"]?["format"] is not null)
            Assert.IsType<JsonObject>(JsonNode.Parse(string.Concat(blocks.Select(block => Text(block!["text"])))));
    }

    private static void Response(RecordedRequest recorded, JsonNode answer)
    {
        Assert.NotEmpty(Text(answer["id"]));
        if (recorded.Method == "DELETE")
        {
            Assert.True(answer["deleted"]!.GetValue<bool>());
            return;
        }
        Assert.Equal(("response", "completed"), (Text(answer["object"]), Text(answer["status"])));
        Assert.True(Number(answer["usage"]!["input_tokens"]) > 0 && Number(answer["usage"]!["output_tokens"]) > 0);
        foreach (var name in new[] { "created_at", "model", "parallel_tool_calls", "tool_choice", "tools" })
            Assert.NotNull(answer[name]);
        var calls = recorded.Body is not null && Calls(recorded);
        var item = answer["output"]!.AsArray().Single(one => Text(one!["type"]) == (calls ? "function_call" : "message"))!;
        if (calls)
            Assert.IsType<JsonObject>(JsonNode.Parse(Text(item["arguments"])));
        else
            Assert.NotEmpty(Text(item["content"]![0]!["text"]));
    }

    private static void Embedding(RecordedRequest recorded, JsonNode answer)
    {
        var vector = answer["data"]![0]!["embedding"];
        Assert.Equal("list", Text(answer["object"]));
        Assert.True(Number(answer["usage"]!["prompt_tokens"]) > 0);
        if (Text(recorded.Body!["encoding_format"]) == "base64")
            Assert.Equal(12, Convert.FromBase64String(Text(vector)).Length);
        else
            Assert.Equal(3, vector!.AsArray().Count);
    }

    private static void Models(RecordedRequest recorded, JsonNode answer)
    {
        var isAnthropic = recorded.Sent["headers"]!.AsArray().Any(header => Text(header![0]).Equals("anthropic-version", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(isAnthropic, answer["has_more"] is not null);
        // Anthropic's list comes in pages of 20.
        Assert.True(isAnthropic ? Text(answer["first_id"]).Length > 0 : answer["data"]!.AsArray().Any(model => Text(model!["id"]) == "grok-beta"));
        Assert.All(answer["data"]!.AsArray(), model => Assert.NotNull(model![isAnthropic ? "created_at" : "created"]));
    }

    /// <summary>The scripted upstream calls a function whenever it has one, may call it, and has no result yet.</summary>
    private static bool Calls(RecordedRequest recorded)
    {
        var body = recorded.Body!;
        var results = body["messages"]?.AsArray().Any(message => Text(message!["role"]) == "tool"
                || message["content"] is JsonArray blocks && blocks.Any(block => Text(block!["type"]) == "tool_result"))
            ?? body["input"] is JsonArray items && items.Any(item => Text(item!["type"]) == "function_call_output");
        return body["tools"] is JsonArray { Count: > 0 } && !results && Text(body["tool_choice"]) != "none";
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static long Number(JsonNode? node) => node?.GetValue<long>() ?? 0;
}
