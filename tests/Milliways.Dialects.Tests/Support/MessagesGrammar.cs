using System.Text;
using System.Text.Json;

namespace Milliways.Dialects.Tests.Support;

/// <summary>A Messages stream as the strictest clients take it (dialects 2.11; 2.13 for Claude Code).</summary>
public static class MessagesGrammar
{
    private static readonly string[] Reasons = ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];

    public static void Check(string stream)
    {
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", stream, StringComparison.Ordinal);
        var next = 0;
        string? open = null;
        var input = new StringBuilder();
        bool started = false, stopped = false, failed = false, delta = false, signed = false, calls = false;
        foreach (var frame in stream[..^2].Split("\n\n"))
        {
            Assert.False(stopped || failed, "a frame after the end: " + frame);
            var lines = frame.Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.StartsWith("event: ", lines[0], StringComparison.Ordinal);
            Assert.StartsWith("data: ", lines[1], StringComparison.Ordinal);
            using var document = JsonDocument.Parse(lines[1][6..]);
            var data = document.RootElement;
            var type = lines[0][7..];
            Assert.Equal(type, data.GetProperty("type").GetString());
            if (type != "error") Assert.Equal(type == "message_start", !started);
            switch (type)
            {
                case "message_start":
                    started = true;
                    Start(data.GetProperty("message"));
                    break;
                case "content_block_start":
                    Assert.Null(open);
                    Assert.False(delta);
                    Assert.Equal(next, data.GetProperty("index").GetInt32());
                    open = data.GetProperty("content_block").GetProperty("type").GetString();
                    input.Clear();
                    signed = false;
                    if (open == "tool_use")
                    {
                        calls = true;
                        Assert.Matches("^[a-zA-Z0-9_-]+$", data.GetProperty("content_block").GetProperty("id").GetString());
                        Assert.NotEqual("", data.GetProperty("content_block").GetProperty("name").GetString());
                        Assert.Equal("{}", data.GetProperty("content_block").GetProperty("input").GetRawText());
                    }

                    break;
                case "content_block_delta":
                    Assert.Equal(next, data.GetProperty("index").GetInt32());
                    Assert.False(signed, "a delta after the signature");
                    var piece = data.GetProperty("delta");
                    Assert.Equal(open, piece.GetProperty("type").GetString() switch
                    {
                        "text_delta" or "citations_delta" => "text",
                        "thinking_delta" or "signature_delta" => "thinking",
                        "input_json_delta" => "tool_use",
                        var other => "no " + other,
                    });
                    if (open == "tool_use") input.Append(piece.GetProperty("partial_json").GetString());
                    signed = piece.GetProperty("type").GetString() == "signature_delta";
                    break;
                case "content_block_stop":
                    Assert.NotNull(open);
                    if (open == "thinking") Assert.True(signed, "thinking without a signature");
                    if (open == "tool_use" && input.Length > 0) Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(input.ToString()).RootElement.ValueKind);
                    open = null;
                    Assert.Equal(next++, data.GetProperty("index").GetInt32());
                    break;
                case "message_delta":
                    Assert.Null(open);
                    Assert.False(delta);
                    delta = true;
                    var reason = data.GetProperty("delta").GetProperty("stop_reason").GetString();
                    Assert.Contains(reason, Reasons);
                    if (reason == "tool_use") Assert.True(calls);
                    if (calls) Assert.NotEqual("end_turn", reason);
                    Assert.Equal(reason == "stop_sequence", data.GetProperty("delta").GetProperty("stop_sequence").ValueKind == JsonValueKind.String);
                    Assert.True(data.GetProperty("usage").GetProperty("output_tokens").GetInt64() >= 0);
                    Assert.True(data.GetProperty("usage").GetProperty("input_tokens").GetInt64() >= 0);
                    break;
                case "message_stop":
                    Assert.True(delta);
                    stopped = true;
                    break;
                case "error":
                    failed = true;
                    Assert.NotEqual("", data.GetProperty("error").GetProperty("message").GetString());
                    break;
                default:
                    Assert.Equal("ping", type);
                    break;
            }
        }

        Assert.True(stopped || failed, "no end");
    }

    private static void Start(JsonElement message)
    {
        Assert.Equal("message", message.GetProperty("type").GetString());
        Assert.Equal("assistant", message.GetProperty("role").GetString());
        Assert.Equal(0, message.GetProperty("content").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, message.GetProperty("stop_reason").ValueKind);
        Assert.True(message.GetProperty("usage").GetProperty("input_tokens").GetInt64() > 0);
        Assert.True(message.GetProperty("usage").GetProperty("output_tokens").GetInt64() >= 0);
    }
}
