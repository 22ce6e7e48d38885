using System.Text.Json;
using Milliways.Api;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

public sealed class PathTests
{
    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/chat/completions")]
    [InlineData("/v1/v1/chat/completions")]
    [InlineData("//v1/chat/completions")]
    [InlineData("/v1//chat/completions")]
    [InlineData("/v1/chat/completions/")]
    [InlineData("/v1/v1/v1//chat/completions//")]
    public async Task Every_form_of_base_url_reaches_chat_completions(string path)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal((200, Answers.Chat), await StatusAndTextAsync(server, path, Answers.Ask()));
    }

    [Theory]
    [InlineData("/v1/messages")]
    [InlineData("/v1/v1/messages")]
    [InlineData("/messages")]
    [InlineData("//v1/messages")]
    [InlineData("/v1/messages/")]
    [InlineData("/v1/messages?beta=true")]
    public async Task Every_form_of_base_url_reaches_messages(string path)
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);

        Assert.Equal((200, Answers.Messages), await StatusAndTextAsync(server, path, Answers.Say()));
    }

    [Theory]
    [InlineData("/models")]
    [InlineData("/v1/models/")]
    [InlineData("/models/alpha")]
    [InlineData("/v1/models/lab%2Falpha")]
    [InlineData("/v1/models/lab/alpha")]
    [InlineData("/api-key")]
    [InlineData("/language-models/alpha")]
    public async Task Reads_come_in_the_same_forms(string path)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(200, (await server.GetAsync(path)).Status);
    }

    [Theory]
    [InlineData("/v1/nothing")]
    [InlineData("/v2/chat/completions")]
    [InlineData("/v1/chat")]
    [InlineData("/V1/chat/completions")]
    [InlineData("/v1/chat/completions/more")]
    public async Task Paths_that_nobody_has_are_xais_404(string path)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(path, "{}");
        Assert.Equal((404, "Some requested entity was not found"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.StartsWith("No handler found on route.", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/messages/batches", "anthropic")]
    [InlineData("/v1/messages/more", "anthropic")]
    public async Task A_404_is_in_the_dialect_of_its_path(string path, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(path, "{}");
        Assert.Equal((404, dialect), (answer.Status, DialectOf(answer.Json)));
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", "POST", "xai")]
    [InlineData("DELETE", "/v1/messages", "POST", "anthropic")]
    [InlineData("POST", "/v1/models", "GET", "xai")]
    [InlineData("PUT", "/v1/models/alpha", "GET", "xai")]
    [InlineData("GET", "{gateway}/compat/chat/completions", "POST", "cloudflare")]
    public async Task A_wrong_method_is_405_and_names_the_right_one(string method, string path, string allow, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.SendAsync(method, path.Replace("{gateway}", server.Gateway, StringComparison.Ordinal), null);
        Assert.Equal((405, allow, dialect), (answer.Status, answer.Header("Allow"), DialectOf(answer.Json)));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    [InlineData("/anything")]
    public async Task Browsers_of_any_origin_may_ask(string path)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.SendAsync("OPTIONS", path, null, ("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST"), ("Authorization", ""));
        Assert.Equal((200, ""), (answer.Status, answer.Text));
        foreach (var name in new[] { "Origin", "Methods", "Headers" })
            Assert.Equal("*", answer.Header($"Access-Control-Allow-{name}"));
        Assert.Equal("*", answer.Header("Access-Control-Expose-Headers"));
        Assert.Equal("*", (await server.GetAsync("/v1/models", ("Authorization", ""))).Header("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("", "")]
    [InlineData("//", "/")]
    [InlineData("/v1/v1/", "/v1/v1")]
    [InlineData("/modelsx", "/modelsx")]
    [InlineData("/v1/models/a/", "/v1/models/a")]
    public void Normal_forms_are_stable(string path, string normal)
    {
        Assert.Equal(normal, PathForms.Normalize(path));
        Assert.Equal(normal, PathForms.Normalize(normal));
    }

    internal static string DialectOf(JsonElement error) =>
        error.TryGetProperty("name", out var name) && name.GetString() == "AiGatewayError" ? "cloudflare"
        : error.TryGetProperty("type", out var type) && type.GetString() == "error" ? "anthropic"
        : error.GetProperty("error").ValueKind == JsonValueKind.Object ? "openai"
        : error.TryGetProperty("code", out _) ? "xai" : "unknown";

    private static async Task<(int, string)> StatusAndTextAsync(TestServer server, string path, string body)
    {
        var answer = await server.PostAsync(path, body);
        return (answer.Status, answer.Text);
    }
}
