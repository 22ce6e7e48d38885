using System.Text;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Hosting;

/// <summary>Whichever sockets serve, an answer is the same; and how the process was started is seen from outside.</summary>
public sealed class SocketsTests
{
    private const string Budget = "DOTNET_GCgen0size", Kept = "DOTNET_SYSTEM_BUFFERS_SHAREDARRAYPOOL_MAXARRAYSPERPARTITION", Small = "DOTNET_GCLOHThreshold";

    [Theory]
    [InlineData("", "")]
    [InlineData("MILLIWAYS_SOCKETS", "platform")]
    [InlineData("MILLIWAYS_INLINE", "off")]
    public async Task Whole_answers_streams_and_large_bodies_go_over_any_sockets(string name, string value)
    {
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var server = await StartAsync(upstream, name.Length == 0 ? [] : new() { [name] = value });
        using var http = new HttpClient { BaseAddress = new Uri(server.Base) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.Key);
        var large = new string('x', 900_000);
        for (var i = 0; i < 20; i++)
        {
            Assert.Contains("Forty-two.", await AskAsync(http, large, stream: false), StringComparison.Ordinal);
            var streamed = await AskAsync(http, "hi", stream: true);
            Assert.EndsWith("data: [DONE]\n\n", streamed, StringComparison.Ordinal);
            Assert.Equal(64, streamed.Split("\"content\":\"word ").Length - 1);
        }
    }

    [Fact]
    public async Task The_runtime_is_given_its_settings_of_memory_and_an_operators_own_stay()
    {
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var usual = await StartAsync(upstream, []);
        Assert.Equal(("2000000", "128", "200000"), (Signals.EnvironmentOf(usual.Id, Budget), Signals.EnvironmentOf(usual.Id, Kept), Signals.EnvironmentOf(usual.Id, Small)));
        await using var own = await StartAsync(upstream, new() { [Budget] = "400000" });
        Assert.Equal(("400000", "128"), (Signals.EnvironmentOf(own.Id, Budget), Signals.EnvironmentOf(own.Id, Kept)));
    }

    private static Task<MilliwaysProcess> StartAsync(FakeUpstream upstream, Dictionary<string, string?> environment) => MilliwaysProcess.StartAsync(new Setup
    {
        NoEngine = true, Environment = environment, Governed = false,
        Config = $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k" } } }""",
    });

    private static async Task<string> AskAsync(HttpClient http, string prompt, bool stream)
    {
        using var body = new StringContent($$"""{"model":"lab/m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{prompt}}"}]}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/v1/chat/completions", body).WaitAsync(Patience.Short);
        var text = await answer.Content.ReadAsStringAsync().WaitAsync(Patience.Short);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    private static async Task AnswerAsync(HttpContext http, string body)
    {
        if (!body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            await FakeUpstream.AnswerWholeAsync(http);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < 64; i++)
        {
            await http.Response.WriteAsync($"data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word {i} \"}},\"finish_reason\":null}}]}}\n\n");
            await http.Response.Body.FlushAsync();
        }
        await http.Response.WriteAsync("data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    }
}
