using System.Net;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>Many at once, one that leaves, and more than fit.</summary>
public sealed class LoadTests
{
    [Fact]
    public async Task Of_32_streams_at_once_each_ends_cleanly_and_begins_as_it_would_alone()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        string Question(int i) => i % 2 == 0 ? "Count from 1 to 20." : "Tell me about the sea.";
        var alone = new[] { await server.Api.ReadStreamAsync("/v1/chat/completions", Talk.About(Question(0), 8, ("stream", true))), await server.Api.ReadStreamAsync("/v1/chat/completions", Talk.About(Question(1), 8, ("stream", true))) };

        var streams = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => server.Api.ReadStreamAsync("/v1/chat/completions", Talk.About(Question(i), 8, ("stream", true)))));

        foreach (var stream in streams)
        {
            Assert.Equal(HttpStatusCode.OK, stream.Status);
            Assert.True(stream is { IsDone: true, EndedProperly: true, FinishReason: "length" }, stream.ToString());
        }
        // Batched arithmetic may choose another word late in an answer; the first ones are clear.
        Assert.All(streams.Select((stream, i) => (stream, i)), pair => Assert.Equal(First(alone[pair.i % 2]), First(pair.stream)));
        Assert.Equal(0, (await server.LoadAsync()).Running);
    }

    [Fact]
    public async Task When_the_client_leaves_the_engine_stops_working_for_it()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        long leaving;
        await using (var stream = await server.Api.StreamAsync("/v1/chat/completions", Talk.Long()))
        {
            await stream.FirstTextAsync();
            var load = await server.LoadAsync();
            Assert.Equal(1, load.Running);
            leaving = load.GeneratedTokens;
        }

        await Until.TrueAsync(async () => (await server.LoadAsync()).Running == 0, "the engine stops the abandoned answer");
        var stopped = (await server.LoadAsync()).GeneratedTokens;
        await server.Api.ChatAsync(Talk.About("Hi", 2)); // time in which an answer that was only no longer counted would go on
        var later = (await server.LoadAsync()).GeneratedTokens;

        // The answer has 4000 tokens. What is made until the server has noticed is some; after that it is nothing but the 2 just asked for.
        Assert.InRange(stopped - leaving, 0, 500);
        Assert.InRange(later - stopped, 1, 2);
    }

    [Fact]
    public async Task When_a_client_leaves_before_its_turn_it_is_forgotten()
    {
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = """{ "engine": { "sequences": 1 } }""" });
        await using var first = await server.Api.StreamAsync("/v1/chat/completions", Talk.Long());
        await first.FirstTextAsync();
        using (var leaving = new HttpClient())
        using (var gone = new CancellationTokenSource())
        {
            var waiting = leaving.SendAsync(new HttpRequestMessage(HttpMethod.Post, server.Base + "/v1/chat/completions")
            {
                Headers = { { "Authorization", $"Bearer {server.Key}" } },
                Content = new StringContent(Talk.About("Hi", 2).ToJsonString(), System.Text.Encoding.UTF8, "application/json"),
            }, gone.Token);
            await Until.TrueAsync(async () => (await server.LoadAsync()).Queued == 1, "the second request waits");
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await Until.TrueAsync(async () => (await server.LoadAsync()).Queued == 0, "the queue is empty");
        Assert.Equal(1, (await server.LoadAsync()).Running);
    }

    [Fact]
    public async Task What_does_not_fit_into_the_queue_is_503_with_Retry_After_in_every_dialect()
    {
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = """{ "engine": { "sequences": 1, "queue": 0 } }""" });
        await using var first = await server.Api.StreamAsync("/v1/chat/completions", Talk.Long());
        await first.FirstTextAsync();

        foreach (var path in new[] { "/v1/chat/completions", "/v1/messages", $"/v1/{server.Account}/default/compat/chat/completions" })
        {
            var refused = await server.Api.PostAsync(path, Talk.About("Hi", 2));
            Assert.True(refused.Status == HttpStatusCode.ServiceUnavailable, refused.ToString());
            Assert.InRange(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
            Assert.Equal("overload", refused.Header("x-milliways-refused"));
        }
        await first.DisposeAsync();
        await Until.TrueAsync(async () => (await server.Api.PostAsync("/v1/chat/completions", Talk.About("Hi", 2))).Status == HttpStatusCode.OK, "there is room again");
    }

    private static string First(StreamText stream) => stream.ChatText[..Math.Min(4, stream.ChatText.Length)];
}
