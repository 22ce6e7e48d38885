using System.Globalization;
using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

public sealed class ModelsTests
{
    private static Task<TestServer> ServerAsync() => TestServer.StartAsync("""
        { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:1/v1", "models": ["alpha", "beta"] },
                         "off": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:1/v1", "models": ["hidden"], "apiKey": "env:NOT_SET" } },
          "models": { "fast": { "alias": "lab/beta" },
                      "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "context": 1000, "maxOutput": 100, "inputs": ["text", "image"],
                                  "price": { "input": "5", "cachedInput": "2.5", "output": "15", "image": "0.075" } } } }
        """);

    [Fact]
    public async Task Openais_list_has_every_name_that_is_served_and_no_other()
    {
        await using var server = await ServerAsync();

        var list = (await server.GetAsync("/v1/models")).Json;

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["fast", "priced", "alpha", "beta"], list.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetString()));
        foreach (var item in list.GetProperty("data").EnumerateArray())
        {
            Assert.Equal("model", item.GetProperty("object").GetString());
            Assert.Equal(JsonValueKind.Number, item.GetProperty("created").ValueKind);
            Assert.NotEmpty(item.GetProperty("owned_by").GetString()!);
            Assert.Contains('/', item.GetProperty("served_by").GetString()!);
        }
        Assert.Equal(1000, list.GetProperty("data")[1].GetProperty("context_length").GetInt32());
    }

    [Fact]
    public async Task Prices_are_whole_cents_for_100_million_tokens()
    {
        await using var server = await ServerAsync();

        var model = (await server.GetAsync("/v1/language-models/priced")).Json;

        Assert.Equal((50000, 25000, 150000, 750, 0), (Price("prompt_text"), Price("cached_prompt_text"), Price("completion_text"), Price("prompt_image"), model.GetProperty("search_price").GetInt32()));
        Assert.Equal(["text", "image"], model.GetProperty("input_modalities").EnumerateArray().Select(item => item.GetString()));
        foreach (var name in new[] { "fingerprint", "version", "output_modalities", "aliases", "created", "owned_by" })
            Assert.True(model.TryGetProperty(name, out _), name);

        int Price(string name) => model.GetProperty(name + "_token_price").GetInt32();
    }

    [Fact]
    public async Task With_an_xai_key_the_catalogue_is_listed_with_its_prices_and_aliases()
    {
        await using var server = await TestServer.StartAsync(environment: new() { ["XAI_API_KEY"] = "xai-real" });

        var beta = (await server.GetAsync("/v1/language-models/grok-beta")).Json;
        Assert.Equal((50000, 150000), (beta.GetProperty("prompt_text_token_price").GetInt32(), beta.GetProperty("completion_text_token_price").GetInt32()));
        var alias = (await server.GetAsync("/v1/models/grok-2-latest")).Json;
        Assert.Equal("grok-2-1212", alias.GetProperty("id").GetString());
        Assert.Equal("xai/grok-2-1212", alias.GetProperty("served_by").GetString());
    }

    [Fact]
    public async Task Anthropics_list_is_chosen_by_its_header_and_paged() // USG-16
    {
        await using var server = await ServerAsync();
        async Task<JsonElement> Page(string query) => (await server.GetAsync("/v1/models" + query, ("anthropic-version", "2023-06-01"), ("x-api-key", server.Key))).Json;

        var all = await Page("");
        Assert.Equal((false, "fast", "beta"), (all.GetProperty("has_more").GetBoolean(), all.GetProperty("first_id").GetString(), all.GetProperty("last_id").GetString()));
        Assert.Equal("model", all.GetProperty("data")[0].GetProperty("type").GetString());
        Assert.EndsWith("Z", all.GetProperty("data")[0].GetProperty("created_at").GetString(), StringComparison.Ordinal);

        Assert.Equal(("fast,priced", true), Ids(await Page("?limit=2")));
        Assert.Equal(("alpha,beta", false), Ids(await Page("?limit=2&after_id=priced")));
        Assert.Equal(("priced", true), Ids(await Page("?limit=1&before_id=alpha")));
        Assert.Equal(("", false), Ids(await Page("?after_id=beta")));
        foreach (var wrong in new[] { "0", "1001", "x", "-1" })
            Assert.Equal("error", (await Page("?limit=" + wrong)).GetProperty("type").GetString());

        static (string, bool) Ids(JsonElement page) =>
            (string.Join(',', page.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetString())), page.GetProperty("has_more").GetBoolean());
    }

    [Fact]
    public async Task A_model_that_is_not_served_is_a_404_in_the_callers_dialect()
    {
        await using var server = await ServerAsync();
        foreach (var path in new[] { "/v1/models/nope", "/v1/models/hidden", "/v1/language-models/nope", "/v1/embedding-models/alpha", "/v1/image-generation-models/x" })
        {
            var answer = await server.GetAsync(path);
            Assert.Equal((404, "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
            Assert.Contains("does not exist or your team", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        }
        Assert.Equal("anthropic", PathTests.DialectOf((await server.GetAsync("/v1/models/nope", ("anthropic-version", "2023-06-01"))).Json));
        Assert.Equal("{\"models\":[]}", (await server.GetAsync("/v1/image-generation-models")).Text);
    }

    [Fact]
    public async Task The_calling_keys_facts_are_told_and_never_the_key()
    {
        await using var server = await ServerAsync();

        var answer = await server.GetAsync("/v1/api-key");

        Assert.DoesNotContain(server.Key[10..40], answer.Text, StringComparison.Ordinal);
        var facts = answer.Json;
        Assert.Equal("xai-..." + server.Key[^4..], facts.GetProperty("redacted_api_key").GetString());
        Assert.Equal(Guid.ParseExact(server.Account, "N").ToString("D"), facts.GetProperty("team_id").GetString());
        foreach (var name in new[] { "user_id", "api_key_id", "modified_by" })
            Assert.True(Guid.TryParse(facts.GetProperty(name).GetString(), out _), name);
        foreach (var name in new[] { "team_blocked", "api_key_blocked", "api_key_disabled" })
            Assert.False(facts.GetProperty(name).GetBoolean());
        Assert.True(DateTimeOffset.TryParse(facts.GetProperty("create_time").GetString(), CultureInfo.InvariantCulture, out _));
        Assert.Equal(["api-key:model:*", "api-key:endpoint:*"], facts.GetProperty("acls").EnumerateArray().Select(acl => acl.GetString()));
    }

    [Theory]
    [InlineData("/v1/dashboard/billing/subscription", "hard_limit_usd")]
    [InlineData("/v1/dashboard/billing/usage", "total_usage")]
    [InlineData("/v1/dashboard/billing/credit_grants", "total_available")]
    public async Task Old_billing_paths_answer_in_numbers(string path, string member)
    {
        await using var server = await ServerAsync();
        Assert.Equal(JsonValueKind.Number, (await server.GetAsync(path)).Json.GetProperty(member).ValueKind);
    }

    [Fact]
    public async Task Head_is_answered_like_get_without_a_body()
    {
        await using var server = await ServerAsync();
        var answer = await server.SendAsync("HEAD", "/v1/models", null);
        Assert.Equal((200, ""), (answer.Status, answer.Text));
        Assert.Equal(401, (await server.SendAsync("HEAD", "/v1/models", null, ("Authorization", ""))).Status);
    }
}
