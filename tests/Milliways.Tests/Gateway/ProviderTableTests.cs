using System.Text;
using Milliways.Gateway.Providers;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Every provider of Cloudflare's list (cloudflare 1.3, 1.4): what arrives there, byte for byte.</summary>
public sealed class ProviderTableTests
{
    /// <summary>A path behind the gateway, and the host and path that it means.</summary>
    private static readonly (string Path, string Target)[] Rows =
    [
        ("openai/chat/completions", "api.openai.com/v1/chat/completions"),
        ("openai/v1/chat/completions", "api.openai.com/v1/chat/completions"),
        ("openai/responses", "api.openai.com/v1/responses"),
        ("openai/audio/speech", "api.openai.com/v1/audio/speech"),
        ("grok/chat/completions", "api.x.ai/v1/chat/completions"),
        ("grok/v1/chat/completions", "api.x.ai/v1/chat/completions"),
        ("grok/v1/messages", "api.x.ai/v1/messages"),
        ("grok/responses", "api.x.ai/v1/responses"),
        ("grok/models", "api.x.ai/v1/models"),
        ("anthropic/v1/messages", "api.anthropic.com/v1/messages"),
        ("anthropic/messages", "api.anthropic.com/v1/messages"),
        ("anthropic/v1/messages/count_tokens", "api.anthropic.com/v1/messages/count_tokens"),
        ("google-ai-studio/v1/models/gemini-2.5-pro:generateContent", "generativelanguage.googleapis.com/v1/models/gemini-2.5-pro:generateContent"),
        ("google-ai-studio/v1beta/models/g:streamGenerateContent?alt=sse", "generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent?alt=sse"),
        ("google-vertex-ai/v1/projects/p/locations/europe-west4/publishers/google/models/m:generateContent",
            "europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/m:generateContent"),
        ("google-vertex-ai/v1/projects/p/locations/global/publishers/google/models/m:generateContent", "aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/m:generateContent"),
        ("azure-openai/res/dep/chat/completions?api-version=2023-05-15", "res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2023-05-15"),
        ("aws-bedrock/bedrock-runtime/us-east-1/model/anthropic.claude-v2%3A1/invoke", "bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2%3A1/invoke"),
        ("aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages", "bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages"),
        ("groq/chat/completions", "api.groq.com/openai/v1/chat/completions"),
        ("groq/openai/v1/chat/completions", "api.groq.com/openai/v1/chat/completions"),
        ("mistral/v1/chat/completions", "api.mistral.ai/v1/chat/completions"),
        ("deepseek/chat/completions", "api.deepseek.com/chat/completions"),
        ("deepseek/v1/chat/completions", "api.deepseek.com/v1/chat/completions"),
        ("openrouter/chat/completions", "openrouter.ai/api/v1/chat/completions"),
        ("openrouter/v1/chat/completions", "openrouter.ai/api/v1/chat/completions"),
        ("perplexity-ai/chat/completions", "api.perplexity.ai/chat/completions"),
        ("cohere/v1/chat", "api.cohere.ai/v1/chat"),
        ("cohere/chat", "api.cohere.ai/v1/chat"),
        ("huggingface/bigcode/starcoder", "api-inference.huggingface.co/models/bigcode/starcoder"),
        ("replicate/predictions", "api.replicate.com/v1/predictions"),
        ("replicate/v1/predictions", "api.replicate.com/v1/predictions"),
        ("cerebras/chat/completions", "api.cerebras.ai/v1/chat/completions"),
        ("cerebras/v1/chat/completions", "api.cerebras.ai/v1/chat/completions"),
        ("baseten/v1/chat/completions", "inference.baseten.co/v1/chat/completions"),
        ("baseten/chat/completions", "inference.baseten.co/v1/chat/completions"),
        ("baseten/model/abc123", "model-abc123.api.baseten.co/production/predict"),
        ("parallel/v1/tasks/runs", "api.parallel.ai/v1/tasks/runs"),
        ("parallel/v1beta/search", "api.parallel.ai/v1beta/search"),
        ("fal/fal-ai/fast-sdxl", "fal.run/fal-ai/fast-sdxl"),
        ("deepgram/v1/listen?model=nova-3", "api.deepgram.com/v1/listen?model=nova-3"),
        ("elevenlabs/v1/text-to-speech/v?output_format=mp3_44100_128", "api.elevenlabs.io/v1/text-to-speech/v?output_format=mp3_44100_128"),
        ("cartesia/tts/bytes", "api.cartesia.ai/tts/bytes"),
        ("ideogram/v1/ideogram-v3/generate", "api.ideogram.ai/v1/ideogram-v3/generate"),
        ("fireworks/chat/completions", "api.fireworks.ai/inference/v1/chat/completions"),
        ("fireworks/v1/chat/completions", "api.fireworks.ai/inference/v1/chat/completions"),
        // As it was written: encoded slashes, doubled ones, empty values, colons and signs.
        ("openai/files/a%2Fb//c;x=1/@y?a=1&b=%2F&c", "api.openai.com/v1/files/a%2Fb//c;x=1/@y?a=1&b=%2F&c"),
    ];

    public static TheoryData<string, string> Targets
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (rest, target) in Rows)
                data.Add(rest, target);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task A_providers_path_query_and_body_arrive_as_they_were_sent(string rest, string target)
    {
        const string Body = """{"model":"m-1",  "messages":[{"role":"user","content":"h\u0069"}],"input":"x","max_tokens":5,"zz":1.50}""";
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"any":[1,2]}"""));
        await using var server = await GatewayServers.StartAsync(provider);

        var answer = await server.PostAsync($"{server.Gateway}/{rest}", Body, server.Own());

        Assert.Equal((200, """{"any":[1,2]}"""), (answer.Status, answer.Text));
        Assert.Equal(("POST", "/" + target, Body), (provider.Last.Method, provider.Last.Target, provider.Last.Text));
    }

    [Fact]
    public void Every_slug_of_the_table_has_a_row_here()
    {
        // Their hosts are nobody's but the operator's to know.
        var slugs = ProviderTable.Everything.Select(provider => provider.Slug).Except(["workers-ai", "adobe-firefly"]);
        Assert.Empty(slugs.Except(Rows.Select(row => row.Path[..row.Path.IndexOf('/', StringComparison.Ordinal)])));
    }

    [Theory]
    [InlineData("@cf/meta/llama-3.1-8b-instruct", "/ai/run/@cf/meta/llama-3.1-8b-instruct")]
    [InlineData("run/@cf/meta/llama-3.1-8b-instruct?x=1", "/ai/run/@cf/meta/llama-3.1-8b-instruct?x=1")]
    [InlineData("v1/chat/completions", "/ai/v1/chat/completions")]
    public async Task Workers_ai_is_an_account_that_the_operator_names(string rest, string target)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "cf": { "dialect": "openai-chat", "provider": "workers-ai", "baseUrl": "{{provider.Url}}/ai" } } }""");
        Assert.Equal(200, (await server.PostAsync($"{server.Gateway}/workers-ai/{rest}", """{"model":"@cf/x","messages":[]}""", server.Own())).Status);
        Assert.Equal(target, provider.Last.Target);

        await using var without = await TestServer.StartAsync();
        var unknown = await without.PostAsync($"{without.Gateway}/workers-ai/{rest}", """{"model":"@cf/x","messages":[]}""", without.Own());
        Assert.Equal((400, 2008), unknown.Error());
        Assert.Contains("baseUrl", unknown.Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mistral", "/v1", "v1/chat/completions", "/v1/chat/completions")]
    [InlineData("mistral", "", "v1/chat/completions", "/v1/chat/completions")]
    [InlineData("openai", "/v1", "v1/chat/completions", "/v1/chat/completions")]
    [InlineData("openai", "/proxy/v1", "chat/completions", "/proxy/v1/chat/completions")]
    [InlineData("groq", "/openai/v1", "openai/v1/chat/completions", "/openai/v1/chat/completions")]
    [InlineData("house", "/v1", "v1/chat/completions", "/v1/chat/completions")]
    [InlineData("house", "/v1", "anything/else?q=%20", "/v1/anything/else?q=%20")]
    public async Task An_upstream_of_the_operators_moves_its_provider(string slug, string path, string rest, string target)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "moved": { "dialect": "openai-chat", "provider": "{{slug}}", "baseUrl": "{{provider.Url}}{{path}}", "apiKey": "sk-operator" } } }""");
        Assert.Equal(200, (await server.PostAsync($"{server.Gateway}/{slug}/{rest}", Answers.Ask(), server.Own())).Status);
        Assert.Equal((target, "Bearer sk-caller"), (provider.Last.Target, provider.Last.Header("Authorization")));
    }

    [Theory]
    [InlineData("azure-openai/res.evil.com/dep/chat/completions")]
    [InlineData("azure-openai/res/dep")]
    [InlineData("azure-openai/res%2Eevil/dep/x")]
    [InlineData("aws-bedrock/bedrock-runtime/evil.com%23/model/m/invoke")]
    [InlineData("aws-bedrock/s3/us-east-1/x")]
    [InlineData("google-vertex-ai/v1/projects/p/locations/evil.com/x")]
    [InlineData("baseten/model/evil.com")]
    public async Task What_becomes_part_of_a_host_may_not_change_the_host(string rest)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider);
        Assert.Equal((400, 2001), (await server.PostAsync($"{server.Gateway}/{rest}", "{}", server.Own())).Error());
        Assert.Empty(provider.Received);
    }

    [Theory]
    [InlineData("openai/../files")]
    [InlineData("openai/%2e%2e/files")]
    [InlineData("openai/%2E./files")]
    [InlineData("openai/./files")]
    [InlineData("openai/a%2f..%2fb")]
    [InlineData("openai/a%5c..%5cb")]
    [InlineData("openai/x/..")]
    public async Task Segments_of_dots_are_refused_however_they_are_written(string rest)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider);
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"GET {server.Gateway}/{rest} HTTP/1.1\r\nHost: localhost\r\ncf-aig-authorization: Bearer {server.Key}\r\nAuthorization: Bearer sk\r\n\r\n");
        Assert.Equal(400, (await client.HeadAsync()).Status);
        Assert.Contains("\"internalCode\":2001", await client.RestTextAsync(), StringComparison.Ordinal);
        Assert.Empty(provider.Received);
    }

    [Theory]
    [InlineData("https://queue.fal.run/fal-ai/fast-sdxl?x=1", 200)]
    [InlineData("https://fal.run.evil.com/x", 400)]
    [InlineData("https://evilfal.run/x", 400)]
    [InlineData("http://queue.fal.run/x", 400)]
    [InlineData("https://queue.fal.run:8443/x", 400)]
    [InlineData("https://user@queue.fal.run/x", 400)]
    [InlineData("https://169.254.169.254/x", 400)]
    [InlineData("nonsense", 400)]
    public void Fals_target_is_one_of_fals_hosts(string target, int status)
    {
        var headers = new Microsoft.AspNetCore.Http.HeaderDictionary { ["x-fal-target-url"] = target };
        var found = Milliways.Gateway.Calls.FalTarget.Of(headers)!.Value;
        Assert.Equal(status == 200, found.IsOk);
        if (found.IsOk)
            Assert.Equal(target, found.Value.OriginalString);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task Any_method_goes_on_with_its_body(string method)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync([1, 2, 0, 255], status: 202, contentType: "audio/mpeg", "x-their: own"));
        await using var server = await GatewayServers.StartAsync(provider);
        var body = method == "GET" ? null : new StringContent("a=1", Encoding.UTF8, "application/x-www-form-urlencoded");

        var answer = await server.SendAsync(method, $"{server.Gateway}/elevenlabs/v1/voices/7", body, server.Own("xi-api-key", "el-key"));

        Assert.Equal((202, "audio/mpeg", "own"), (answer.Status, answer.Header("Content-Type"), answer.Header("x-their")));
        Assert.Equal([1, 2, 0, 255], await answer.Message.Content.ReadAsByteArrayAsync());
        Assert.Equal((method, "/api.elevenlabs.io/v1/voices/7", "el-key"), (provider.Last.Method, provider.Last.Target, provider.Last.Header("xi-api-key")));
        if (method != "GET")
            Assert.Equal(("a=1", "application/x-www-form-urlencoded; charset=utf-8"), (provider.Last.Text, provider.Last.Header("Content-Type")));
    }
}
