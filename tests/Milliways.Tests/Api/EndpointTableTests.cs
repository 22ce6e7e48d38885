using System.Text.RegularExpressions;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Every row of xAI's endpoint index (xai-api 1.2) has a true answer: what it is with one Chat upstream and no xAI, and what an openapi reader is told.</summary>
public sealed partial class EndpointTableTests
{
    private const string Input = """{"model":"alpha","input":"Hi"}""";
    private const string Missing = "11111111-2222-3333-4444-555555555555";

    /// <summary>Method, path as the index has it, the path asked, body, the status we answer, and what its text must say.</summary>
    public static TheoryData<string, string, string, string?, int, string> Rows => new()
    {
        { "GET", "/v1/api-key", "/v1/api-key", null, 200, "redacted_api_key" },
        { "POST", "/v1/chat/completions", "/v1/chat/completions", Answers.Ask(), 200, "chat.completion" },
        { "GET", "/v1/chat/deferred-completion/{request_id}", $"/v1/chat/deferred-completion/{Missing}", null, 404, Missing },
        { "POST", "/v1/completions", "/v1/completions", """{"model":"alpha","prompt":"Hi"}""", 200, "text_completion" },
        { "POST", "/v1/messages", "/v1/messages", Answers.Say("alpha"), 200, "\"type\":\"message\"" },
        { "POST", "/v1/complete", "/v1/complete", """{"model":"alpha","prompt":"\n\nHuman: Hi\n\nAssistant:","max_tokens_to_sample":5}""", 200, "\"type\":\"completion\"" },
        { "POST", "/v1/responses", "/v1/responses", Input, 200, "\"object\":\"response\"" },
        { "GET", "/v1/responses/{response_id}", $"/v1/responses/{Missing}", null, 404, Missing },
        { "DELETE", "/v1/responses/{response_id}", $"/v1/responses/{Missing}", null, 404, Missing },
        { "POST", "/v1/responses/{response_id}/cancel", $"/v1/responses/{Missing}/cancel", null, 404, Missing },
        { "GET", "/v1/responses/{response_id}/input_items", $"/v1/responses/{Missing}/input_items", null, 404, Missing },
        { "POST", "/v1/responses/input_tokens", "/v1/responses/input_tokens", Input, 200, "response.input_tokens" },
        { "POST", "/v1/responses/compact", "/v1/responses/compact", Input, 501, "previous_response_id" },
        { "GET", "/v1/responses", "/v1/responses", null, 501, "WebSocket" },
        { "POST", "/v1/embeddings", "/v1/embeddings", Input, 200, "chat.completion" }, // the fake answers everything alike; its mark is checked elsewhere
        { "POST", "/v1/images/generations", "/v1/images/generations", """{"model":"alpha","prompt":"a cat"}""", 200, "data" },
        { "POST", "/v1/images/edits", "/v1/images/edits", """{"model":"alpha","prompt":"a cat"}""", 200, "data" },
        { "POST", "/v1/videos/generations", "/v1/videos/generations", """{"prompt":"p"}""", 501, "XAI_API_KEY" },
        { "POST", "/v1/videos/edits", "/v1/videos/edits", """{"prompt":"p"}""", 501, "XAI_API_KEY" },
        { "POST", "/v1/videos/extensions", "/v1/videos/extensions", """{"prompt":"p"}""", 501, "XAI_API_KEY" },
        { "GET", "/v1/videos/{request_id}", $"/v1/videos/{Missing}", null, 404, Missing },
        { "GET", "/v1/models", "/v1/models", null, 200, "\"object\":\"list\"" },
        { "GET", "/v1/models/{model_id}", "/v1/models/alpha", null, 200, "\"id\":\"alpha\"" },
        { "GET", "/v1/language-models", "/v1/language-models", null, 200, "\"models\"" },
        { "GET", "/v1/language-models/{model_id}", "/v1/language-models/alpha", null, 200, "prompt_text_token_price" },
        { "GET", "/v1/embedding-models", "/v1/embedding-models", null, 200, "\"models\"" },
        { "GET", "/v1/embedding-models/{model_id}", "/v1/embedding-models/nobody", null, 404, "nobody" },
        { "GET", "/v1/image-generation-models", "/v1/image-generation-models", null, 200, "\"models\"" },
        { "GET", "/v1/image-generation-models/{model_id}", "/v1/image-generation-models/nobody", null, 404, "nobody" },
        { "GET", "/v1/video-generation-models", "/v1/video-generation-models", null, 200, "\"models\"" },
        { "GET", "/v1/video-generation-models/{model_id}", "/v1/video-generation-models/nobody", null, 404, "nobody" },
        { "POST", "/v1/tokenize-text", "/v1/tokenize-text", """{"model":"alpha","text":"Hi"}""", 400, "model" },
        { "POST", "/v1/documents/search", "/v1/documents/search", """{"query":"q"}""", 501, "XAI_API_KEY" },
        { "POST", "/v1/files", "/v1/files", "multipart", 501, "XAI_API_KEY" },
        { "GET", "/v1/files", "/v1/files", null, 501, "XAI_API_KEY" },
        { "GET", "/v1/files/{file_id}", $"/v1/files/{Missing}", null, 404, Missing },
        { "DELETE", "/v1/files/{file_id}", $"/v1/files/{Missing}", null, 404, Missing },
        { "GET", "/v1/files/{file_id}/content", $"/v1/files/{Missing}/content?format=text", null, 404, Missing },
        { "POST", "/v1/batches", "/v1/batches", """{"name":"n"}""", 501, "XAI_API_KEY" },
        { "GET", "/v1/batches", "/v1/batches", null, 501, "XAI_API_KEY" },
        { "GET", "/v1/batches/{batch_id}", $"/v1/batches/{Missing}", null, 404, Missing },
        { "GET", "/v1/batches/{batch_id}/requests", $"/v1/batches/{Missing}/requests", null, 404, Missing },
        { "POST", "/v1/batches/{batch_id}/requests", $"/v1/batches/{Missing}/requests", """{"batch_requests":[]}""", 404, Missing },
        { "GET", "/v1/batches/{batch_id}/results", $"/v1/batches/{Missing}/results", null, 404, Missing },
        { "POST", "/v1/batches/{batch_id}:cancel", $"/v1/batches/{Missing}:cancel", null, 404, Missing },
        { "GET", "/v1/realtime", "/v1/realtime", null, 501, "provider" },
        { "POST", "/v1/tts", "/v1/tts", "{}", 501, "provider" },
        { "POST", "/v1/stt", "/v1/stt", "{}", 501, "provider" },
        { "GET", "/v1/collections", "/v1/collections", null, 501, "management-api.x.ai" },
        { "POST", "/v1/collections", "/v1/collections", "{}", 501, "management-api.x.ai" },
        { "DELETE", "/v1/collections/{path}", "/v1/collections/c_1/documents/d_1", null, 501, "management-api.x.ai" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Every_path_of_xais_index_has_a_true_answer(string method, string listed, string path, string? body, int status, string says)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat[..^1] + ""","data":[]}"""));
        await using var server = await TestServer.WithLabAsync(lab);

        var withKey = await server.SendAsync(method, path, Content(body));
        Assert.True(withKey.Status == status, $"{withKey.Status}: {withKey.Text}");
        Assert.Contains(says, withKey.Text, StringComparison.Ordinal);
        if (status >= 400)
            Assert.Equal("xai", PathTests.DialectOf(withKey.Json));
        if (status == 501)
            Assert.Equal(("false", "gateway, route"), (withKey.Header("x-should-retry"), withKey.Header("x-milliways-failed")));
        Assert.NotNull(withKey.Header("x-request-id"));

        Assert.Equal(401, (await server.SendAsync(method, path, Content(body), ("Authorization", ""))).Status);
        // The base address without /v1 reaches the same.
        if (BareForm().IsMatch(path))
            Assert.Equal(status, (await server.SendAsync(method, path[3..], Content(body))).Status);

        var paths = (await server.GetAsync("/openapi.json")).Json.GetProperty("paths");
        Assert.True(paths.GetProperty(listed).TryGetProperty(method.ToLowerInvariant(), out _), listed);
    }

    [Fact]
    public async Task Only_a_method_that_the_index_has_is_allowed()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (method, path, allowed) in new[]
        {
            ("PUT", "/v1/files", "POST, GET"), ("POST", "/v1/files/f", "GET, DELETE"), ("DELETE", "/v1/files/f/content", "GET"), ("GET", "/v1/batches/b:cancel", "POST"),
            ("DELETE", "/v1/batches/b/requests", "GET, POST"), ("POST", "/v1/chat/deferred-completion/x", "GET"), ("GET", "/v1/completions", "POST"),
        })
        {
            var answer = await server.SendAsync(method, path, null);
            Assert.Equal((405, allowed), (answer.Status, answer.Header("Allow")));
        }
    }

    private static HttpContent? Content(string? body) => body switch
    {
        null => null,
        "multipart" => new MultipartFormDataContent("b") { { new StringContent("hello"), "file", "a.txt" } },
        _ => new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
    };

    [GeneratedRegex("^/v1/(?!realtime|tts|stt|collections|responses$)")]
    private static partial Regex BareForm();
}
