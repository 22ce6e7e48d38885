using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>A caller that leaves takes its upstream call with it.</summary>
public sealed class LeavingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leaving_before_the_first_byte_closes_the_upstream(bool stream) // DIS-02
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: stream));
        var turn = await lab.ArrivalAsync();

        client.Leave();

        await turn.ClosedAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task Leaving_in_the_middle_of_a_stream_closes_the_upstream(string path) // DIS-01, DIS-05
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, Answers.Say("alpha", stream: true));
        await client.HeadAsync();
        while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }
        var turn = await lab.ArrivalAsync();

        client.Leave();

        await turn.ClosedAsync();
    }

    [Fact]
    public async Task Leaving_inside_an_upstreams_whole_answer_closes_the_upstream() // DIS-03
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"id\":");
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask());
        var turn = await lab.ArrivalAsync();

        client.Leave();

        await turn.ClosedAsync();
    }

    [Fact]
    public async Task A_caller_that_left_is_not_tried_for_elsewhere()
    {
        await using var first = new FakeUpstream(turn => turn.ClosedAsync());
        await using var second = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "first": {{TestServer.Lab(first)}}, "second": {{TestServer.Lab(second)}} },
              "models": { "both": { "attempts": [ { "upstream": "first", "model": "alpha" }, { "upstream": "second", "model": "beta" } ] } } }
            """);
        await using (var client = await RawClient.ConnectAsync(server))
        {
            await client.PostAsync("/v1/chat/completions", Answers.Ask("both"));
            var turn = await first.ArrivalAsync();
            client.Leave();
            await turn.ClosedAsync();
        }

        // The exchange has ended before another is served on it: then nothing can come to the second any more.
        await Task.Run(async () =>
        {
            while (server.Service<OpenExchanges>().Count > 0)
                await Task.Yield();
        }).Soon();
        Assert.Empty(second.Received);
    }

    [Fact]
    public async Task A_connection_serves_one_request_after_another_and_pipelined_ones_too()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask());
        await client.PostAsync("/v1/chat/completions", Answers.Ask());
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, (await client.HeadAsync()).Status);
            Assert.Equal(Answers.Chat, await client.RestTextAsync());
        }
    }
}
