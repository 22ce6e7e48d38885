using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>
/// The form of the engine's streams, event by event, in both dialects and both flavours. The words may differ from one CPU to another, so the form is
/// compared with text and ids taken out, and the text with the whole answer's.
/// </summary>
public sealed class GoldenStreamTests(SharedServer shared)
{
    private const int Tokens = 12;

    [Fact]
    public async Task Chat_in_xAIs_flavour() => await CompareAsync("/v1/chat/completions", """
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{"role":"assistant","content":"*"}}],"system_fingerprint":"*"}
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{"content":"*"}}],"system_fingerprint":"*"} ...
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{},"finish_reason":"length"}],"system_fingerprint":"*"}
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[],"usage":{"prompt_tokens":"#","completion_tokens":12,"total_tokens":"#","prompt_tokens_details":{"text_tokens":"#","audio_tokens":0,"image_tokens":0,"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"num_sources_used":0,"cost_in_usd_ticks":0},"system_fingerprint":"*"}
        [DONE]
        """);

    [Fact]
    public async Task Chat_in_OpenAIs_flavour() => await CompareAsync($"/v1/{shared.Server.Account}/default/compat/chat/completions", """
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null,"system_fingerprint":"*"}
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{"content":"*"},"finish_reason":null}],"usage":null,"system_fingerprint":"*"} ...
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[{"index":0,"delta":{},"finish_reason":"length"}],"usage":null,"system_fingerprint":"*"}
        {"id":"*","object":"chat.completion.chunk","created":"*","model":"smollm2","choices":[],"usage":{"prompt_tokens":"#","completion_tokens":12,"total_tokens":"#","prompt_tokens_details":{"audio_tokens":0,"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"cost_in_usd_ticks":0},"system_fingerprint":"*"}
        [DONE]
        """);

    [Fact]
    public async Task Messages_at_xAIs_address() => await CompareMessagesAsync("/v1/messages");

    [Fact]
    public async Task Messages_at_the_gateways_address() => await CompareMessagesAsync($"/v1/{shared.Server.Account}/default/grok/v1/messages");

    private Task CompareMessagesAsync(string path) => CompareAsync(path, """
        message_start {"type":"message_start","message":{"id":"*","type":"message","role":"assistant","model":"smollm2","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":"#","cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}
        content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
        content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"*"}} ...
        content_block_stop {"type":"content_block_stop","index":0}
        message_delta {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":"#","cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":12,"cost_in_usd_ticks":0}}
        message_stop {"type":"message_stop"}
        """);

    private async Task CompareAsync(string path, string golden)
    {
        var isMessages = path.EndsWith("/messages", StringComparison.Ordinal);
        var body = Talk.About("Count from 1 to 20.", Tokens);
        var whole = (await shared.Api.PostAsync(path, body)).Json;
        body["stream"] = true;
        if (!isMessages)
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        var stream = await shared.Api.ReadStreamAsync(path, body);

        Assert.True(stream.EndedProperly);
        Assert.Equal("text/event-stream", stream.Headers["Content-Type"]);
        Assert.Equal(golden.Trim(), Form(stream));
        Assert.Equal(
            isMessages ? whole["content"]![0]!["text"]!.GetValue<string>() : whole["choices"]![0]!["message"]!["content"]!.GetValue<string>(),
            isMessages ? stream.MessagesText : stream.ChatText);
        Assert.Single(stream.Chunks.Select(chunk => chunk["id"]?.GetValue<string>()).Where(id => id is not null).DefaultIfEmpty().Distinct());
    }

    /// <summary>One line for each event; several deltas in a row are one line with dots.</summary>
    private static string Form(StreamText stream)
    {
        var lines = new List<string>();
        foreach (var item in stream.Events)
        {
            var line = item.Data == "[DONE]" ? item.Data : Hide(item.Json).ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            if (item.Name is not null)
                line = $"{item.Name} {line}";
            if (lines.Count > 0 && (lines[^1] == line || lines[^1] == line + " ..."))
                lines[^1] = line + " ...";
            else
                lines.Add(line);
        }
        return string.Join('\n', lines);
    }

    private static JsonNode Hide(JsonNode node)
    {
        if (node is JsonArray array)
            foreach (var item in array.Where(item => item is not null))
                Hide(item!);
        if (node is not JsonObject members)
            return node;
        foreach (var (name, value) in members.ToArray())
        {
            if (name is "id" or "created" or "system_fingerprint" || (name is "content" or "text" && value is JsonValue && value.ToString().Length > 0))
                members[name] = "*";
            else if (name is "prompt_tokens" or "total_tokens" or "text_tokens" or "input_tokens")
            {
                Assert.True(value!.GetValue<int>() > 0, name);
                members[name] = "#";
            }
            else if (value is not null)
                Hide(value);
        }
        return node;
    }
}
