using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Upstreams;

/// <summary>Upstreams from the environment alone, and what passes between them and the caller.</summary>
public sealed class UpstreamTests
{
    private const string Path = "/v1/chat/completions";

    [Fact]
    public async Task With_an_xAI_key_grok_beta_goes_to_xAIs_address_with_that_key_and_never_ours()
    {
        await using var xai = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(Xai(xai));
        var answer = await server.Api.PostAsync(Path, Talk.About("Hi", 4));

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal("xai/grok-beta", answer.Header("x-milliways-upstream"));
        var asked = Assert.Single(xai.Asked);
        Assert.Equal(("/v1/chat/completions", "Bearer xai-of-the-provider"), (asked.Path, asked.Authorization));
        Assert.DoesNotContain(server.Key, asked.ToString(), StringComparison.Ordinal);
        await server.Out.LineAsync("because an xAI key is set").WaitAsync(Patience.Short);
    }

    [Fact]
    public async Task With_an_xAI_key_grok_vision_beta_goes_there_too()
    {
        await using var xai = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(Xai(xai));
        var image = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "What is this?" }, new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "https://example.com/towel.png" } });
        var body = Talk.About("", 4, ("model", "grok-vision-beta"), ("messages", new JsonArray(new JsonObject { ["role"] = "user", ["content"] = image })));
        var answer = await server.Api.PostAsync(Path, body);

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.True(JsonNode.DeepEquals(body, JsonNode.Parse(Assert.Single(xai.Asked).Body)));
    }

    [Fact]
    public async Task OPENAI_BASE_URL_serves_every_name_that_nobody_else_does()
    {
        await using var local = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Environment = new Dictionary<string, string?> { ["OPENAI_BASE_URL"] = local.Base + "/v1" } });
        var other = await server.Api.PostAsync(Path, Talk.About("Hi", 4, ("model", "anything-7b")));
        var grok = await server.Api.PostAsync(Path, Talk.About("Hi", 2));

        Assert.Equal("openai/anything-7b", other.Header("x-milliways-upstream"));
        Assert.Equal("engine/smollm2", grok.Header("x-milliways-upstream"));
        Assert.Single(local.Asked);
    }

    [Fact]
    public async Task A_whole_answer_comes_through_byte_for_byte()
    {
        await using var xai = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(Xai(xai));
        var answer = await server.Api.PostAsync(Path, Talk.About("Hi", 4));

        Assert.Equal(FakeUpstream.WholeAnswer, answer.Text);
    }

    [Fact]
    public async Task A_stream_comes_through_byte_for_byte_and_event_by_event()
    {
        string[] events =
        [
            ": a comment\r\n\r\ndata: {\"id\":\"s\", \"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"For\"}}]}\r\n\r\n",
            "id: 7\ndata: {\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ty-zw\\u00f6\"},\"x\":null}]}\n\n",
            "data: {\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3,\"total_tokens\":8}}\n\n",
            "data: [DONE]\n\n",
        ];
        // Each event leaves only when the caller has the one before: what is held back anywhere is a hang, which the test's patience ends.
        using var go = new SemaphoreSlim(1);
        await using var xai = await FakeUpstream.StartAsync(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            foreach (var item in events)
            {
                Assert.True(await go.WaitAsync(Patience.Short));
                await http.Response.WriteAsync(item);
                await http.Response.Body.FlushAsync();
            }
        });
        await using var server = await MilliwaysProcess.StartAsync(Xai(xai));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Base + Path)
        {
            Headers = { { "Authorization", $"Bearer {server.Key}" } },
            Content = new StringContent(
                Talk.About("Hi", 4, ("stream", true), ("stream_options", new JsonObject { ["include_usage"] = true })).ToJsonString(), Encoding.UTF8, "application/json"),
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var received = new StringBuilder();
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(Patience.Short);
        foreach (var item in events)
        {
            var wanted = received.Length + item.Length;
            while (received.Length < wanted)
            {
                var length = await body.ReadAsync(buffer, patience.Token);
                Assert.True(length > 0, $"The stream ended after {received}");
                received.Append(Encoding.UTF8.GetString(buffer, 0, length));
            }
            go.Release();
        }

        Assert.Equal(0, await body.ReadAsync(buffer, patience.Token));
        Assert.Equal(string.Concat(events), received.ToString());
    }

    [Fact]
    public async Task An_upstream_that_is_away_is_502_and_the_server_goes_on()
    {
        string address;
        await using (var gone = await FakeUpstream.StartAsync())
            address = gone.Base;
        await using var server = await MilliwaysProcess.StartAsync(new Setup
        {
            NoEngine = true,
            Environment = new Dictionary<string, string?> { ["XAI_API_KEY"] = "xai-of-the-provider", ["XAI_BASE_URL"] = address + "/v1" },
        });
        var answer = await server.Api.PostAsync(Path, Talk.About("Hi", 4));

        Assert.Equal(HttpStatusCode.BadGateway, answer.Status);
        Assert.Equal("upstream, connect", answer.Header("x-milliways-failed"));
        Assert.Equal(HttpStatusCode.OK, (await server.Api.GetAsync("/healthz")).Status);
    }

    private static Setup Xai(FakeUpstream xai) => new()
    {
        NoEngine = true,
        Environment = new Dictionary<string, string?> { ["XAI_API_KEY"] = "xai-of-the-provider", ["XAI_BASE_URL"] = xai.Base + "/v1" },
    };
}
