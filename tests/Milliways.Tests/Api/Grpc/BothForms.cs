using System.Text.Json.Nodes;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>One conversation as a REST client and as a gRPC client say it (xai-api 3.6).</summary>
internal sealed record BothForms(JsonObject Rest, GetCompletionsRequest Grpc, bool IsStreamed)
{
    private static readonly string[] Texts = ["Hi", "", " ", "生命 🐬", "a\"b\\c\n</script>", "1\0002", "What is the answer to life, the universe and everything?", new('x', 3000)];

    private const string Picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static BothForms Make(Dice dice, string model)
    {
        var (rest, grpc) = (new JsonObject { ["model"] = model }, new GetCompletionsRequest { Model = model });
        var messages = new JsonArray();
        if (dice.Flip())
            Say(messages, grpc, "system", MessageRole.RoleSystem, dice.One("Be brief.", "Be kind; 42."));
        foreach (var turn in dice.Many(2, _ => (Asked: Text(dice), Said: Text(dice))))
        {
            Say(messages, grpc, "user", MessageRole.RoleUser, turn.Asked);
            Say(messages, grpc, "assistant", MessageRole.RoleAssistant, turn.Said);
        }
        if (dice.Flip())
            Call(messages, grpc, dice.One("{}", """{"city":"Paris"}""", """{"n":[1,{"a":null}]}"""), Text(dice));
        if (dice.Flip())
            Show(messages, grpc, Text(dice));
        else
            Say(messages, grpc, "user", MessageRole.RoleUser, Text(dice));
        rest["messages"] = messages;
        Settings(dice, rest, grpc);
        var streamed = dice.Flip();
        if (streamed)
            (rest["stream"], rest["stream_options"]) = (true, new JsonObject { ["include_usage"] = true });
        return new BothForms(rest, grpc, streamed);
    }

    private static string Text(Dice dice) => dice.One(Texts) is { Length: > 0 } text && text.Trim().Length > 0 ? text : "Hello"; // empty turns are each dialect's own affair

    private static void Say(JsonArray messages, GetCompletionsRequest grpc, string role, MessageRole as_, string text)
    {
        messages.Add(new JsonObject { ["role"] = role, ["content"] = text });
        grpc.Messages.Add(new Message { Role = as_, Content = { new Content { Text = text } } });
    }

    private static void Show(JsonArray messages, GetCompletionsRequest grpc, string text)
    {
        messages.Add(new JsonObject
        {
            ["role"] = "user",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }, new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = Picture } }),
        });
        grpc.Messages.Add(new Message { Role = MessageRole.RoleUser, Content = { new Content { Text = text }, new Content { ImageUrl = new ImageUrlContent { ImageUrl = Picture } } } });
    }

    private static void Call(JsonArray messages, GetCompletionsRequest grpc, string arguments, string result)
    {
        Say(messages, grpc, "user", MessageRole.RoleUser, "Weather?");
        messages.Add(JsonNode.Parse("""{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather"}}]}"""));
        messages[^1]!["tool_calls"]![0]!["function"]!["arguments"] = arguments;
        messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = "call_1", ["content"] = result });
        grpc.Messages.Add(new Message { Role = MessageRole.RoleAssistant, ToolCalls = { new ToolCall { Id = "call_1", Type = ToolCallType.ClientSideTool, Function = new FunctionCall { Name = "get_weather", Arguments = arguments } } } });
        grpc.Messages.Add(new Message { Role = MessageRole.RoleTool, ToolCallId = "call_1", Content = { new Content { Text = result } } });
    }

    private static void Settings(Dice dice, JsonObject rest, GetCompletionsRequest grpc)
    {
        var most = 1 + dice.Upto(400);
        (rest["max_tokens"], grpc.MaxTokens) = (most, most);
        if (dice.Flip())
        {
            var tenths = dice.Upto(11);
            (rest["temperature"], grpc.Temperature) = (tenths / 10.0, tenths / 10f);
        }
        if (dice.Flip())
        {
            (rest["top_p"], grpc.TopP) = (0.9, 0.9f);
        }
        if (dice.Flip())
        {
            rest["stop"] = new JsonArray("END");
            grpc.Stop.Add("END");
        }
        if (dice.Flip())
            (rest["user"], grpc.User) = ("u1", "u1");
        if (!dice.Flip())
            return;
        const string parameters = """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""";
        rest["tools"] = new JsonArray(new JsonObject
        {
            ["type"] = "function", ["function"] = new JsonObject { ["name"] = "get_weather", ["description"] = "Weather of a city", ["parameters"] = JsonNode.Parse(parameters) },
        });
        grpc.Tools.Add(new Tool { Function = new Function { Name = "get_weather", Description = "Weather of a city", Parameters = parameters } });
        if (dice.Flip())
            (rest["tool_choice"], grpc.ToolChoice) = ("required", new ToolChoice { Mode = ToolMode.Required });
    }
}
