using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>What a provider keeps belongs to the operator's one account there: no team may point at it.</summary>
public sealed class ProviderReferenceTests
{
    public static TheoryData<string, string> Pointing => new()
    {
        { """ "input":"q","conversation":"conv_1" """, "conversation" },
        { """ "input":"q","conversation":{"id":"conv_1"} """, "conversation" },
        { """ "input":"q","conversatio\u006e":"conv_1" """, "conversation" },
        { """ "input":"q","prompt":{"id":"pmpt_1"} """, "prompt" },
        { """ "input":[{"role":"user","content":"q"},{"type":"item_reference","id":"msg_1"}] """, "input[1]" },
        { """ "input":[{"id":"msg_1"}] """, "input[0]" },
        { """ "input":[{"id":"msg_1","type":null}] """, "input[0]" },
        { """ "input":[{"id":"msg_1","type":"item\u005freference"}] """, "input[0]" },
        { """ "input":[{"id":"msg_1","type":"message","type":"item_reference"}] """, "input[0]" },
        { """ "input":"q","background":true,"conversation":"conv_1" """, "conversation" },
    };

    [Theory]
    [MemberData(nameof(Pointing))]
    public async Task A_response_that_points_at_the_providers_store_is_refused_with_place_and_remedy(string members, string place)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Responses));
        await using var server = await StartAsync(provider);
        foreach (var model in new[] { "oai/gpt", "xai/grok" })
        {
            var answer = await server.PostAsync("/v1/responses", $$"""{"model":"{{model}}",{{members}}}""");
            Assert.Equal(400, answer.Status);
            Assert.Contains($"`{place}` ", answer.Text, StringComparison.Ordinal);
            Assert.Contains("all teams share: send ", answer.Text, StringComparison.Ordinal);
        }
        Assert.Empty(provider.Received);
    }

    [Theory]
    [InlineData(""" "input":"q","conversation":null,"prompt":null,"prompt_cache_key":"k","metadata":{"conversation":"c","prompt":"p"} """)]
    [InlineData(""" "input":[{"role":"user","content":"item_reference"},{"id":"msg_1","role":"assistant","content":"a"},{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"item_reference"}]},{"role":"user","content":[{"type":"input_text","text":"q"}]}] """)]
    public async Task What_points_at_nothing_passes_as_it_is(string members)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Responses));
        await using var server = await StartAsync(provider);
        Assert.Equal(200, (await server.PostAsync("/v1/responses", $$"""{"model":"oai/gpt",{{members}}}""")).Status);
        Assert.Equal($$"""{"model":"gpt",{{members}}}""", provider.Last.Text);
    }

    private static Task<TestServer> StartAsync(FakeUpstream provider) => TestServer.StartAsync($$"""
        { "upstreams": {
            "xai": { "preset": "xai", "baseUrl": "{{provider.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" },
            "oai": { "dialect": "openai-responses", "baseUrl": "{{provider.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" } } }
        """);
}
