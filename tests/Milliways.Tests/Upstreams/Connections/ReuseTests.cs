using Milliways.Tests.Support;

namespace Milliways.Tests.Upstreams.Connections;

/// <summary>Pooled connections that die in the moment of their next use, and HTTP/2.</summary>
public sealed class ReuseTests
{
    [Fact]
    public async Task A_reused_connection_that_dies_without_a_byte_is_tried_once_more_with_the_body_again()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        lab.Then(turn =>
        {
            turn.Reset(); // the request was read whole, and no byte of an answer was sent
            return Task.CompletedTask;
        });

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((200, "1"), (answer.Status, answer.Header("x-milliways-attempts")));
        Assert.Equal((3, 2), (lab.Received.Count, lab.Connections));
        Assert.Equal(lab.Received[1].Text, lab.Received[2].Text);
    }

    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Ty")]
    public async Task An_answer_that_is_cut_inside_its_head_has_begun_and_is_not_asked_for_again(string begun)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        for (var i = 0; i < 2; i++) // the bytes of the answers before say nothing of the next one
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        lab.Then(async turn =>
        {
            await turn.RawAsync(begun);
            turn.Finish();
        });

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((502, "upstream, headers", "1"), (answer.Status, answer.Header("x-milliways-failed"), answer.Header("x-milliways-attempts")));
        Assert.Equal((3, 1), (lab.Received.Count, lab.Connections));
    }

    [Fact]
    public async Task A_new_connection_that_dies_is_not_tried_again()
    {
        await using var lab = new FakeUpstream(turn =>
        {
            turn.Reset();
            return Task.CompletedTask;
        });
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((502, "upstream, headers"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task A_second_death_is_the_end_of_it()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        lab.Standing = turn =>
        {
            turn.Reset();
            return Task.CompletedTask;
        };

        Assert.Equal(502, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(3, lab.Received.Count);
    }

    [Fact]
    public async Task No_more_connections_than_the_operator_allows_are_made()
    {
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab, more: ", \"maxConnections\": 2");

        var asking = Enumerable.Range(0, 6).Select(_ => server.PostAsync("/v1/chat/completions", Answers.Ask())).ToArray();
        await lab.ArrivalAsync();
        await lab.ArrivalAsync();
        go.Open();

        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(2, lab.Connections);
    }

    [Theory]
    [InlineData(true, "HTTP/2")]
    [InlineData(false, "HTTP/1.1")]
    public async Task HTTP_2_is_spoken_to_who_is_said_to_have_it(bool http2, string protocol)
    {
        await using var kestrel = await Http2Upstream.StartAsync(Answers.Chat);
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{(http2 ? kestrel.Http2Url : kestrel.Http1Url)}}/v1", "models": ["alpha"], "http2": {{(http2 ? "true" : "false")}} } } }""");

        for (var i = 0; i < 3; i++)
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);

        Assert.All(kestrel.Protocols, seen => Assert.Equal(protocol, seen));
        Assert.Equal(3, kestrel.Protocols.Count);
    }
}
