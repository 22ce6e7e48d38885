using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

public sealed class StreamTests
{
    [Fact]
    public async Task Each_chat_event_leaves_before_the_next_one_arrives()
    {
        var seen = new Gate[] { new(), new(), new(), new() };
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("one"));
            await seen[0].WaitAsync();
            await turn.SendAsync(Answers.Chunk("two"));
            await seen[1].WaitAsync();
            await turn.SendAsync(Answers.Finish);
            await seen[2].WaitAsync();
            await turn.SendAsync(Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));

        Assert.Equal(200, (await client.HeadAsync()).Status);
        Assert.Equal(Answers.Role, await client.EventAsync());
        Assert.Equal(Answers.Chunk("one"), await client.EventAsync());
        seen[0].Open();
        Assert.Equal(Answers.Chunk("two"), await client.EventAsync());
        seen[1].Open();
        Assert.Equal(Answers.Finish, await client.EventAsync());
        seen[2].Open();
        Assert.Equal(Answers.Done, await client.EventAsync());
        Assert.Null(await client.EventAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }
}
