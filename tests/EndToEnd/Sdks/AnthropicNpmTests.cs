using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The npm package <c>@anthropic-ai/sdk</c>, unmodified.</summary>
public sealed class AnthropicNpmTests(SharedServer shared)
{
    private MilliwaysProcess Server => shared.Server;

    [Fact]
    public async Task A_whole_message_is_read()
    {
        var message = (await CallAsync("messages.create", Message("Hi", 6))).Good;

        Assert.NotEmpty(message["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("smollm2", message["model"]!.GetValue<string>());
        Assert.True(message["usage"]!["input_tokens"]!.GetValue<int>() > 0);
    }

    [Fact]
    public async Task A_stream_is_read_to_its_end()
    {
        var body = Message("Hi", 6);
        body["stream"] = true;
        var events = (await CallAsync("messages.create", body)).Good.AsArray();

        Assert.Equal(("message_start", "message_stop"), (events[0]!["type"]!.GetValue<string>(), events[^1]!["type"]!.GetValue<string>()));
        Assert.NotEmpty(string.Concat(events.Where(item => item!["type"]!.GetValue<string>() == "content_block_delta").Select(item => item!["delta"]!["text"]!.GetValue<string>())));
    }

    [Fact]
    public async Task Tokens_are_counted()
    {
        var count = (await CallAsync("messages.countTokens", new JsonObject { ["model"] = "grok-beta", ["messages"] = Talk.Turns(("user", "Hi")) })).Good;

        Assert.True(count["input_tokens"]!.GetValue<int>() > 0);
    }

    [Fact]
    public async Task Models_are_listed_in_Anthropics_form()
    {
        var models = (await CallAsync("models.list")).Good.AsArray();

        Assert.Contains(models, model => model!["id"]!.GetValue<string>() == "grok-beta" && model["display_name"] is not null);
    }

    [Fact]
    public async Task A_wrong_key_is_raised_as_an_authentication_error()
    {
        var result = await Node.AnthropicAsync(Server.Base, "xai-mw-wrong", "messages.create", Message("Hi", 1));

        Assert.Equal(("AuthenticationError", 401), (result.Error!["name"]!.GetValue<string>(), result.Error["status"]!.GetValue<int>()));
        Assert.Equal("authentication_error", result.Error["error"]!["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_raised_with_the_text_that_clients_look_for()
    {
        var result = await CallAsync("messages.create", Message(string.Concat(Enumerable.Repeat("whale ", 9000)), 1));

        Assert.Equal("BadRequestError", result.Error!["name"]!.GetValue<string>());
        Assert.Contains("prompt is too long: ", result.Error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private Task<ClientResult> CallAsync(string method, params JsonNode[] arguments) => Node.AnthropicAsync(Server.Base, Server.Key, method, arguments);

    private static JsonObject Message(string user, int maxTokens) =>
        new() { ["model"] = "grok-beta", ["max_tokens"] = maxTokens, ["system"] = Talk.System, ["messages"] = Talk.Turns(("user", user)) };
}
