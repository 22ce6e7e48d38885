using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The npm package <c>@anthropic-ai/sdk</c>, unmodified.</summary>
public sealed class AnthropicNpmTests(SharedServer shared) : ClientClaims(shared)
{
    private protected override string Length => "max_tokens";

    private protected override string Stopped => "stop_sequence";

    private protected override Refusal WrongKey => new("AuthenticationError", 401, "authentication_error");

    private protected override Refusal NoKey => new("AuthenticationError", 401, "authentication_error");

    private protected override Refusal UnknownModel => new("NotFoundError", 404, "grok-42");

    private protected override Refusal TooLong => new("BadRequestError", 400, "prompt is too long: ");

    private protected override async Task<Reply> AskAsync(Question question) => Reply.OfMessages((await CallAsync("messages.create", question.Messages())).Good);

    private protected override async Task<Refusal> RefusedAsync(string? key, Question question) => (await Node.AnthropicAsync(Server.Base, key, "messages.create", question.Messages())).Refusal;

    private protected override async Task<IAsyncDisposable> LeaveAsync(Question question) => await Node.LeaveAsync("anthropic.mjs", Server.Base, Server.Key, "messages.create", question.Messages());

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

    private Task<ClientResult> CallAsync(string method, params JsonNode[] arguments) => Node.AnthropicAsync(Server.Base, Server.Key, method, arguments);

    private static JsonObject Message(string user, int maxTokens) =>
        new() { ["model"] = "grok-beta", ["max_tokens"] = maxTokens, ["system"] = Talk.System, ["messages"] = Talk.Turns(("user", user)) };
}
