using System.Text;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Streams that go well: when events leave, what the bytes are, and how the end looks on the wire.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task Each_chat_event_leaves_before_the_next_one_arrives()
    {
        var seen = new Gate[] { new(), new(), new() };
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_messages_event_leaves_before_the_next_one_arrives_whether_or_not_it_has_an_event_line(bool named)
    {
        string Wire(string frame) => named ? frame : frame[(frame.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        var seen = new Gate[] { new(), new() };
        await using var claude = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Wire(Answers.MessageStart) + Wire(Answers.BlockStart) + Wire(Answers.Delta("one")));
            await seen[0].WaitAsync();
            await turn.SendAsync(Wire(Answers.Delta("two")));
            await seen[1].WaitAsync();
            await turn.SendAsync(Wire(Answers.BlockStop) + Wire(Answers.MessageDelta) + Wire(Answers.MessageStop));
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithClaudeAsync(claude);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/messages", Answers.Say(stream: true));

        await client.HeadAsync();
        Assert.Equal(Wire(Answers.MessageStart), await client.EventAsync());
        Assert.Equal(Wire(Answers.BlockStart), await client.EventAsync());
        Assert.Equal(Wire(Answers.Delta("one")), await client.EventAsync());
        seen[0].Open();
        Assert.Equal(Wire(Answers.Delta("two")), await client.EventAsync());
        seen[1].Open();
        Assert.Equal(Wire(Answers.BlockStop), await client.EventAsync());
        Assert.Equal(Wire(Answers.MessageDelta), await client.EventAsync());
        Assert.Equal(Wire(Answers.MessageStop), await client.EventAsync());
        Assert.Null(await client.EventAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }

    [Fact]
    public async Task Crossed_events_leave_before_the_next_one_arrives_in_both_directions()
    {
        var seen = new Gate[] { new(), new() };
        await using var claude = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.MessageStart + Answers.BlockStart + Answers.Delta("one"));
            await seen[0].WaitAsync();
            await turn.SendAsync(Answers.Delta("two") + Answers.BlockStop + Answers.MessageDelta + Answers.MessageStop);
            await turn.EndAsync();
        });
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("one"));
            await seen[1].WaitAsync();
            await turn.SendAsync(Answers.Chunk("two") + Answers.Finish + Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(claude)}}, "lab": {{TestServer.Lab(lab)}} } }""");

        await using var chat = await RawClient.ConnectAsync(server);
        await chat.PostAsync("/v1/chat/completions", Answers.Ask("claude-x", stream: true));
        await chat.HeadAsync();
        while (!(await chat.EventAsync())!.Contains("\"one\"", StringComparison.Ordinal)) { }
        seen[0].Open();
        Assert.EndsWith(Answers.Done, await chat.RestTextAsync(), StringComparison.Ordinal);
        Assert.Equal(WireEnd.Proper, chat.End);

        await using var messages = await RawClient.ConnectAsync(server);
        await messages.PostAsync("/v1/messages", Answers.Say("alpha", stream: true));
        await messages.HeadAsync();
        while (!(await messages.EventAsync())!.Contains("\"one\"", StringComparison.Ordinal)) { }
        seen[1].Open();
        Assert.Contains("event: message_stop\n", await messages.RestTextAsync(), StringComparison.Ordinal);
        Assert.Equal(WireEnd.Proper, messages.End);
    }

    [Fact]
    public async Task The_tail_is_not_sent_before_the_upstream_has_said_it()
    {
        var (finished, release) = (new Gate(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi") + Answers.Finish);
            await finished.WaitAsync();
            await release.WaitAsync();
            await turn.SendAsync(Answers.Usage);
            await turn.EndAsync(); // no [DONE]: the proper end of the body after a finish_reason is as good
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        Assert.Equal(Answers.Role, await client.EventAsync());
        Assert.Equal(Answers.Chunk("Hi"), await client.EventAsync());
        Assert.Equal(Answers.Finish, await client.EventAsync());
        finished.Open();
        var next = client.EventAsync();
        Assert.False(next.IsCompleted);
        release.Open();
        Assert.Equal(Answers.Done, await next);
        Assert.Null(await client.EventAsync());
    }

    [Fact]
    public async Task The_head_of_a_stream_keeps_proxies_from_buffering_and_says_who_answers()
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));

        var head = await client.HeadAsync();
        Assert.Equal("text/event-stream", head.Header("Content-Type"));
        Assert.Equal("no-cache, no-transform", head.Header("Cache-Control"));
        Assert.Equal("no", head.Header("X-Accel-Buffering"));
        Assert.Equal("lab/alpha", head.Header("x-milliways-upstream"));
        Assert.Equal("1", head.Header("x-milliways-attempts"));
        Assert.Null(head.Header("Content-Encoding")); // SSE-11
        Assert.Null(head.Header("Server"));
    }

    [Theory]
    [InlineData("", Answers.Usage, false)]
    [InlineData(",\"stream_options\":null", Answers.Usage, false)]
    [InlineData(",\"stream_options\":{}", Answers.Usage, false)]
    [InlineData(",\"stream_options\":{\"include_usage\":false}", Answers.Usage, false)]
    [InlineData(",\"stream_options\":{\"include_usage\":true}", Answers.Usage, true)]
    public async Task Usage_is_asked_for_and_its_chunk_is_taken_out_only_when_the_caller_did_not_ask(string options, string usage, bool kept)
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true, more: options));
        await client.HeadAsync();

        Assert.Equal(kept, (await client.RestTextAsync()).Contains(usage, StringComparison.Ordinal));
        Assert.Equal(WireEnd.Proper, client.End);
        using var sent = System.Text.Json.JsonDocument.Parse(lab.Last.Body);
        Assert.True(sent.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    [Fact]
    public async Task Usage_that_stands_on_a_chunk_with_a_choice_is_the_upstreams_own_and_stays()
    {
        var finish = Answers.Finish.Replace("}]}", "}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}", StringComparison.Ordinal);
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"), finish, Answers.Done));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();

        Assert.Equal(Answers.Role + Answers.Chunk("Hi") + finish + Answers.Done, await client.RestTextAsync());
    }

    [Fact]
    public async Task A_slow_reader_blocks_nobody_else()
    {
        // More than all buffers between the upstream and a caller that does not read.
        var filled = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            if (turn.Request.Text.Contains("slow", StringComparison.Ordinal))
            {
                var flood = Answers.Chunk(new string('x', 64 * 1024));
                await turn.SendAsync(Answers.Role + flood);
                filled.Open();
                for (var i = 0; i < 400; i++)
                    await turn.SendAsync(flood);
            }
            await turn.SendAsync(Answers.Chunk("Hi") + Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var slow = await RawClient.ConnectAsync(server, receiveBuffer: 4096);
        await slow.PostAsync("/v1/chat/completions", Answers.Ask(stream: true, more: ",\"user\":\"slow\""));
        await filled.WaitAsync();

        for (var i = 0; i < 5; i++)
        {
            await using var quick = await RawClient.ConnectAsync(server);
            await quick.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
            await quick.HeadAsync();
            Assert.EndsWith(Answers.Done, await quick.RestTextAsync(), StringComparison.Ordinal);
        }
        slow.Leave();
    }

    [Fact]
    public async Task Whole_answers_have_a_length_and_the_upstreams_bytes() // SSE-06
    {
        var odd = "{ \"unknown\" : [1.50, \"\\u00e9\\/\"],\r\n \"choices\":[ {\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"生命\"},\"finish_reason\":\"stop\"}],\"usage\":null }\n";
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(odd, contentType: "application/json; charset=utf-8"));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask());

        var head = await client.HeadAsync();
        Assert.Equal(200, head.Status);
        Assert.Equal(Encoding.UTF8.GetByteCount(odd), int.Parse(head.Header("Content-Length")!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(odd, await client.RestTextAsync());
    }
}
