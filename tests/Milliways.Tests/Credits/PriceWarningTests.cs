using Milliways.Credits.Pricing;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class PriceWarningTests
{
    [Fact]
    public async Task An_upstream_without_prices_is_named_at_the_start_and_one_that_can_be_used_on_credit_is_not()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "bare": {{TestServer.Lab(lab)}}, "priced": {{TestServer.Lab(lab, """, "prices": { "*": { "input": "1", "output": "2" } }""")}}, "entry": {{TestServer.Lab(lab)}},
                             "known": { "preset": "openai", "apiKey": "k" }, "own": { "preset": "ollama", "baseUrl": "{{lab.Url}}/v1" }, "hosted": { "preset": "groq", "apiKey": "k" } },
              "models": { "m": { "attempts": [ { "upstream": "entry", "model": "alpha" } ], "price": { "input": "0", "output": "0" } } } }
            """, governance: true);
        Assert.Equal(["upstreams.bare", "upstreams.hosted"], server.Service<PriceWarnings>().All().Select(warning => warning.Split(' ')[0]));
    }

    [Fact]
    public async Task A_server_that_the_environment_names_without_a_key_is_free_and_one_with_a_key_is_not()
    {
        await using var local = new FakeUpstream();
        foreach (var (key, status) in new[] { ("", 200), ("sk-billed", 403) })
        {
            await using var server = await TestServer.StartAsync(
                """{ "credits": { "monthlyGrant": null } }""", environment: new() { ["OPENAI_BASE_URL"] = local.Url + "/v1", ["OPENAI_API_KEY"] = key }, governance: true);
            Assert.Equal(status, (await server.PostAsync("/v1/chat/completions", Answers.Ask("llama-of-mine"))).Status);
        }
    }
}
