using System.Net;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>What is refused, in the words of each dialect.</summary>
public sealed class RefusalsTests(SharedServer shared)
{
    private const string Chat = "/v1/chat/completions";
    private const string Messages = "/v1/messages";

    private string Compat => $"/v1/{shared.Server.Account}/default/compat/chat/completions";

    [Theory]
    [InlineData(Chat, "all-minilm", "/v1/embeddings")]
    [InlineData(Chat, "engine/all-minilm", "/v1/embeddings")]
    [InlineData(Messages, "all-minilm", "/v1/embeddings")]
    [InlineData("/v1/tokenize-text", "all-minilm", "/v1/embeddings")]
    [InlineData("/v1/embeddings", "smollm2", "/v1/chat/completions")]
    [InlineData("/v1/embeddings", "engine/smollm2", "/v1/chat/completions")]
    public async Task A_model_that_cannot_do_what_is_asked_is_400_naming_the_endpoint_for_it(string path, string model, string endpoint)
    {
        var answer = await shared.Api.PostAsync(path, Talk.About("Hi", 2, ("model", model), ("input", "Hi"), ("text", "Hi")));

        Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.ToString());
        Assert.Contains($"send it to {endpoint}", answer.Text, StringComparison.Ordinal);
        Assert.Null(answer.Header("x-milliways-upstream"));
    }

    [Fact]
    public async Task A_wrong_key_is_400_to_xAI_and_401_to_Anthropic_and_at_a_gateway()
    {
        const string Wrong = "xai-mw-0000000000000000000000000000000000000000000-000000";
        var body = Talk.About("Hi", 1);
        var xai = await shared.Api.PostAsync(Chat, body, ("Authorization", $"Bearer {Wrong}"));
        var gateway = await shared.Api.PostAsync(Compat, body, ("Authorization", $"Bearer {Wrong}"));
        var anthropic = await shared.Api.PostAsync(Messages, body, ("x-api-key", Wrong));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (xai.Status, gateway.Status, anthropic.Status));
        Assert.Equal("Client specified an invalid argument", xai.Json["code"]!.GetValue<string>());
        Assert.StartsWith("Incorrect API key provided: xa***00. You can obtain an API key from ", xai.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(2009, gateway.Json["error"]![0]!["code"]!.GetValue<int>());
        Assert.Equal("authentication_error", anthropic.Json["error"]!["type"]!.GetValue<string>());
        foreach (var answer in new[] { xai, gateway, anthropic })
        {
            Assert.Equal("key", answer.Header("x-milliways-refused"));
            Assert.DoesNotContain(Wrong, answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task No_key_is_401_in_every_dialect()
    {
        using var nobody = new Api(shared.Server.Base, "");
        var body = Talk.About("Hi", 1);
        var (xai, gateway, anthropic) = (await nobody.PostAsync(Chat, body), await nobody.PostAsync(Compat, body), await nobody.PostAsync(Messages, body));

        Assert.All([xai, gateway, anthropic], answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.Status));
        Assert.StartsWith("No or an invalid authentication header", xai.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(2009, gateway.Json["error"]![0]!["code"]!.GetValue<int>());
        Assert.Equal("authentication_error", anthropic.Json["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Broken_JSON_is_400_with_its_line_and_column_in_every_dialect()
    {
        const string Broken = "{\"model\": \"grok-beta\",\n \"messages\": [}";
        var (xai, openAi, anthropic) = (await shared.Api.PostTextAsync(Chat, Broken), await shared.Api.PostTextAsync(Compat, Broken), await shared.Api.PostTextAsync(Messages, Broken));

        Assert.All([xai, openAi, anthropic], answer => Assert.Equal(HttpStatusCode.BadRequest, answer.Status));
        Assert.Contains("line 2 column 15", xai.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("line 2 column 15", openAi.Json["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("line 2 column 15", anthropic.Json["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_model_is_404_and_at_a_gateway_400_as_Cloudflare_has_it()
    {
        var body = Talk.About("Hi", 1, ("model", "grok-42"));
        var (xai, gateway, anthropic) = (await shared.Api.PostAsync(Chat, body), await shared.Api.PostAsync(Compat, body), await shared.Api.PostAsync(Messages, body));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (xai.Status, gateway.Status, anthropic.Status));
        Assert.Equal("Some requested entity was not found", xai.Json["code"]!.GetValue<string>());
        Assert.StartsWith("The model grok-42 does not exist or your team ", xai.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(2008, gateway.Json["error"]![0]!["code"]!.GetValue<int>());
        Assert.Equal("not_found_error", anthropic.Json["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused_in_the_words_that_clients_look_for()
    {
        var body = Talk.About(string.Concat(Enumerable.Repeat("whale ", 9000)), 1);
        var (xai, openAi, anthropic) = (await shared.Api.PostAsync(Chat, body), await shared.Api.PostAsync(Compat, body), await shared.Api.PostAsync(Messages, body));

        Assert.All([xai, openAi, anthropic], answer => Assert.Equal(HttpStatusCode.BadRequest, answer.Status));
        Assert.Matches(@"^This model's maximum prompt length is 8192 but the request contains \d+ tokens\.$", xai.Json["error"]!.GetValue<string>());
        Assert.Equal("context_length_exceeded", openAi.Json["error"]!["code"]!.GetValue<string>());
        Assert.Matches(@"maximum context length is 8192 tokens", openAi.Json["error"]!["message"]!.GetValue<string>());
        Assert.Matches(@"^prompt is too long: \d+ tokens > 8192 maximum$", anthropic.Json["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_streamed_request_that_is_refused_gets_a_status_and_not_a_stream()
    {
        await using var stream = await shared.Api.StreamAsync(Chat, Talk.About(string.Concat(Enumerable.Repeat("whale ", 9000)), 1, ("stream", true)));

        Assert.Equal(HttpStatusCode.BadRequest, stream.Status);
    }

    [Fact]
    public async Task Grok_vision_beta_without_a_model_that_sees_is_400_naming_the_remedy()
    {
        var answer = await shared.Api.PostAsync(Chat, Talk.About("What is in the picture?", 1, ("model", "grok-vision-beta")));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("XAI_API_KEY", answer.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_engine_cannot_do_is_400_naming_the_field()
    {
        var answer = await shared.Api.PostAsync(Chat, Talk.About("Hi", 1, ("response_format", new System.Text.Json.Nodes.JsonObject { ["type"] = "json_object" })));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("response_format", answer.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}
