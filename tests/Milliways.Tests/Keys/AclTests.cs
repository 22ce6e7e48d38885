using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Keys;

/// <summary>What a key's ACLs allow, and every way around them that callers might try.</summary>
public sealed class AclTests
{
    private static readonly string[] EveryEndpoint = ["chat", "embed", "image", "models", "sample", "tokenize", "documents"];

    public static TheoryData<string, string, string?, string> Paths => new()
    {
        { "POST", "/v1/chat/completions", """{"model":"alpha","messages":[{"role":"user","content":"x"}]}""", "chat" },
        { "POST", "/v1/responses", """{"model":"alpha","input":"x"}""", "chat" },
        { "POST", "/v1/messages", """{"model":"alpha","max_tokens":9,"messages":[{"role":"user","content":"x"}]}""", "chat" },
        { "GET", "/v1/responses/resp_1", null, "chat" },
        { "GET", "/v1/chat/deferred-completion/r", null, "chat" },
        { "GET", "/v1/batches", null, "chat" },
        { "POST", "/v1/completions", """{"model":"alpha","prompt":"x"}""", "sample" },
        { "POST", "/v1/complete", """{"model":"alpha","prompt":"x","max_tokens_to_sample":9}""", "sample" },
        { "POST", "/v1/embeddings", """{"model":"alpha","input":"x"}""", "embed" },
        { "POST", "/v1/tokenize-text", """{"model":"alpha","text":"x"}""", "tokenize" },
        { "POST", "/v1/images/generations", """{"model":"alpha","prompt":"x"}""", "image" },
        { "POST", "/v1/videos/generations", """{"model":"alpha","prompt":"x"}""", "image" },
        { "POST", "/v1/documents/search", """{"query":"x"}""", "documents" },
        { "GET", "/v1/models", null, "models" },
        { "GET", "/v1/models/alpha", null, "models" },
        { "GET", "/v1/language-models", null, "models" },
        { "POST", "{gateway}/compat/chat/completions", """{"model":"lab/alpha","messages":[{"role":"user","content":"x"}]}""", "chat" },
        { "POST", "{gateway}/grok/v1/chat/completions", """{"model":"alpha","messages":[{"role":"user","content":"x"}]}""", "chat" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task An_endpoint_is_open_to_keys_that_name_it_and_to_no_others(string method, string path, string? body, string endpoint)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat[..^1] + ""","data":[]}"""));
        await using var server = await TestServer.WithLabAsync(lab);
        path = path.Replace("{gateway}", server.Gateway, StringComparison.Ordinal);
        var without = Key(server, endpoints: [.. EveryEndpoint.Where(name => name != endpoint)]);
        var refused = await server.SendAsync(method, path, Content(body), ("Authorization", "Bearer " + without));
        Assert.Equal((403, "acl"), (refused.Status, refused.Header("x-milliways-refused")));
        Assert.Contains($"Access to the {endpoint} endpoint is denied", refused.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);

        foreach (var open in new[] { endpoint, "*" })
            Assert.NotEqual("acl", (await server.SendAsync(method, path, Content(body), ("Authorization", "Bearer " + Key(server, endpoints: [open])))).Header("x-milliways-refused"));
    }

    [Fact]
    public async Task A_key_without_ACLs_may_do_nothing_but_say_what_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var key = Key(server, endpoints: [], models: []);
        Assert.Equal(403, (await server.GetAsync("/v1/models", ("Authorization", "Bearer " + key))).Status);
        var about = await server.GetAsync("/v1/api-key", ("Authorization", "Bearer " + key));
        Assert.Equal((200, 0), (about.Status, about.Json.GetProperty("acls").GetArrayLength()));
    }

    /// <summary>The key may call alpha. beta is another model, fast an alias of it, mixed a route that also leads to it.</summary>
    [Theory]
    [InlineData("alpha", true)]
    [InlineData("lab/alpha", true)] // the very upstream and model that "alpha" means
    [InlineData("same", true)] // an alias of alpha
    [InlineData("beta", false)]
    [InlineData("lab/beta", false)]
    [InlineData("fast", false)]
    [InlineData("mixed", false)]
    [InlineData("other/alpha", false)] // the same name at an upstream that "alpha" does not lead to
    [InlineData("other/secret", false)]
    [InlineData("Alpha", false)]
    [InlineData("alpha ", false)]
    [InlineData(" alpha", false)]
    [InlineData("lab/lab/alpha", false)]
    [InlineData("*", false)]
    [InlineData("nobody-serves-this", false)]
    public async Task A_key_for_one_model_reaches_that_model_and_by_no_name_another(string asked, bool allowed)
    {
        await using var lab = new FakeUpstream();
        await using var other = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", "models": ["alpha", "beta"], {{TestServer.OneTry}} },
                             "other": { "dialect": "openai-chat", "baseUrl": "{{other.Url}}/v1", "apiKey": "k", "models": ["secret"], {{TestServer.OneTry}} } },
              "models": { "fast": { "alias": "lab/beta" }, "same": { "alias": "alpha" },
                          "mixed": { "attempts": [ { "upstream": "lab", "model": "alpha" }, { "upstream": "lab", "model": "beta" } ] } } }
            """);
        var bearer = ("Authorization", "Bearer " + Key(server, models: ["alpha"]));
        foreach (var (path, body) in new[]
        {
            ("/v1/chat/completions", Answers.Ask(asked)), ("/v1/messages", Answers.Say(asked)), ("/v1/responses", $$"""{"model":"{{asked}}","input":"x"}"""),
            ("/v1/completions", $$"""{"model":"{{asked}}","prompt":"x"}"""),
        })
        {
            var answer = await server.PostAsync(path, body, bearer);
            Assert.True((answer.Status == 200) == allowed, $"{path}: {answer.Status} {answer.Text}");
            if (!allowed)
                Assert.Equal((404, "acl"), (answer.Status, answer.Header("x-milliways-refused")));
        }
        Assert.DoesNotContain(lab.Received, request => request.Text.Contains("beta", StringComparison.Ordinal));
        Assert.Empty(other.Received);
        Assert.Equal(allowed ? 200 : 404, (await server.GetAsync("/v1/models/" + Uri.EscapeDataString(asked), bearer)).Status);
    }

    [Theory]
    [InlineData("""{"model":"alpha","model":"beta","messages":[{"role":"user","content":"x"}]}""", 400)]
    [InlineData("""{"model":"alpha","\u006dodel":"beta","messages":[{"role":"user","content":"x"}]}""", 400)]
    [InlineData("""{"model":"\u0062eta","messages":[{"role":"user","content":"x"}]}""", 404)]
    [InlineData("""{"model":"beta\u0000","messages":[{"role":"user","content":"x"}]}""", 404)]
    [InlineData("""{"Model":"alpha","model":"beta","messages":[{"role":"user","content":"x"}]}""", 404)]
    [InlineData("""{"model":"beta","messages":[{"role":"user","content":"x"}],"metadata":{"model":"alpha"}}""", 404)]
    [InlineData("""{"model":"\u0061lpha","messages":[{"role":"user","content":"x"}]}""", 200)]
    public async Task No_way_of_writing_the_body_gets_around_the_ACL(string body, int status)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", "models": ["alpha", "beta"], {{TestServer.OneTry}} } } }
            """);
        var answer = await server.PostAsync("/v1/chat/completions", body, ("Authorization", "Bearer " + Key(server, models: ["alpha"])));
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 ? 1 : 0, lab.Received.Count);
    }

    [Fact]
    public async Task A_model_that_is_not_allowed_and_one_that_is_not_served_are_refused_alike()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", "models": ["alpha", "beta"] }, "gone": { "preset": "anthropic" } } }
            """);
        var bearer = ("Authorization", "Bearer " + Key(server, models: ["alpha"]));
        var refusals = new List<string>();
        foreach (var name in new[] { "beta", "omega", "claude-x", "gone/claude-x", "grok-vision-beta", "lab/beta" })
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(name), bearer);
            Assert.Equal(404, answer.Status);
            Assert.Contains($"The model {name} does not exist or your team", answer.Text, StringComparison.Ordinal);
            refusals.Add(string.Join('\n', answer.Message.Headers.Concat(answer.Message.Content.Headers).Select(header => header.Key).Order(StringComparer.Ordinal)) + answer.Text.Replace(name, "NAME", StringComparison.Ordinal));
        }
        Assert.Single(refusals.Distinct());
    }

    [Fact]
    public async Task Lists_show_what_the_key_may_call()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", "models": ["alpha", "beta"] } }, "models": { "fast": { "alias": "lab/beta" }, "same": { "alias": "alpha" } } }
            """);
        var bearer = ("Authorization", "Bearer " + Key(server, models: ["alpha"]));
        var ids = (await server.GetAsync("/v1/models", bearer)).Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order();
        Assert.Equal(["alpha", "same"], ids);
        var anthropic = (await server.GetAsync("/v1/models", bearer, ("anthropic-version", "2023-06-01"))).Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order();
        Assert.Equal(["alpha", "same"], anthropic);
        Assert.Equal(404, (await server.GetAsync("/v1/language-models/beta", bearer)).Status);
        Assert.Equal(4, (await server.GetAsync("/v1/models")).Json.GetProperty("data").GetArrayLength());
    }

    [Theory]
    [InlineData("/v1/batches")]
    [InlineData("/v1/batches/b/requests")]
    [InlineData("/v1/videos/generations")]
    public async Task Bodies_that_name_models_and_go_through_unread_need_a_key_for_all_models(string path)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(path, """{"model":"alpha"}""", ("Authorization", "Bearer " + Key(server, models: ["alpha"])));
        Assert.NotEqual(501, answer.Status);
        Assert.Contains(answer.Status, new[] { 403, 404 });
    }

    [Theory]
    [InlineData("api-key:endpoint:chatter")]
    [InlineData("api-key:model:")]
    [InlineData("api-key:model:a b")]
    [InlineData("endpoint:chat")]
    [InlineData("API-KEY:endpoint:chat")]
    [InlineData("")]
    public void An_ACL_that_is_none_is_refused_with_its_text(string acl)
    {
        Assert.Null(KeyAcls.Parse([acl], out var problem));
        Assert.Contains(acl, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ACLs_survive_their_way_through_the_database() => Dice.Check(dice =>
    {
        var texts = dice.Many(5, _ => dice.One("api-key:endpoint:*", "api-key:endpoint:chat", "api-key:model:*", "api-key:model:lab/a:b", "api-key:model:grok-beta"));
        var acls = KeyAcls.Parse(texts, out _)!;
        var read = KeyAcls.Read(acls.Text);
        Assert.Equal((acls.Text, acls.Endpoints, acls.AllModels), (read.Text, read.Endpoints, read.AllModels));
        Assert.Equal(acls.Models.Order(), read.Models.Order());
    });

    internal static string Key(TestServer server, IReadOnlyList<string>? models = null, IReadOnlyList<string>? endpoints = null) =>
        server.Service<KeyCommands>().Create(OperatorActor.Instance, null, new KeySettings("k") { Acls = KeyWords.Acls(models, endpoints) }).Text;

    private static StringContent? Content(string? body) => body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json");
}
