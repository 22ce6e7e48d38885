using Google.Protobuf;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>One connection with many calls on it: what ends one of them, and what ends all.</summary>
public class GrpcConnectionTests
{
    private const string Complete = "/xai_api.Chat/GetCompletion";
    private const string Chunks = "/xai_api.Chat/GetCompletionChunk";

    private static byte[] Ask => GrpcClient.Ask().ToByteArray();

    [Fact]
    public async Task A_reset_cancels_the_upstream_and_nothing_more_comes()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Chunks);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        var turn = await lab.ArrivalAsync();
        await client.On(call).BegunAsync();
        await client.ResetAsync(call);

        await turn.ClosedAsync();
        await client.PingAsync();
        Assert.Null(client.On(call).Status);
    }

    /// <summary>A stream that is closed on both sides is gone: the protocol lets the server end the connection, and it must do no more.</summary>
    [Fact]
    public async Task Data_behind_the_end_of_a_call_ends_no_call_of_another_connection()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        await using var other = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        Assert.Equal("0", (await client.AnswerAsync(call)).Status);
        lab.Standing = async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        };
        var running = await other.CallAsync(Complete);
        await other.DataAsync(running, Http2Client.Message(Ask), end: true);
        await lab.ArrivalAsync(); // the first call's
        await lab.ArrivalAsync();

        await client.DataAsync(call, [1, 2, 3]);
        await client.ClosedAsync();
        gate.Open();

        Assert.Equal("0", (await other.AnswerAsync(running)).Status);
    }

    /// <summary>A proxy in between forgets a connection on which nothing is sent (27 minutes are a call's usual deadline): the server's pings keep it (KestrelSetup: every 10 s).</summary>
    [Fact]
    public async Task While_a_model_thinks_the_server_pings_and_the_call_goes_on()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);

        await client.PingedAsync();
        gate.Open();

        Assert.Equal("0", (await client.AnswerAsync(call)).Status);
    }

    [Fact]
    public async Task Pings_without_any_call_are_answered_and_end_nothing()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        for (var i = 0; i < 300; i++)
            await client.PingAsync();
        var call = await client.CallAsync(Complete);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        Assert.Equal("0", (await client.AnswerAsync(call)).Status);
    }

    [Fact]
    public async Task Streams_that_are_opened_and_reset_without_end_cost_the_connection_and_nothing_else()
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "grpc": { "maxStreamsPerConnection": 10 } }""");
        await using var client = await Http2Client.ConnectAsync(server);
        var isOver = false;
        for (var i = 0; i < 20_000 && !isOver; i++)
        {
            try
            {
                var call = await client.CallAsync(Complete);
                await client.DataAsync(call, Http2Client.Message(Ask), end: true);
                await client.ResetAsync(call);
            }
            catch (IOException)
            {
                isOver = true;
            }
        }
        Assert.True(isOver, "All of them were taken.");
        await server.Service<OpenExchanges>().WhenEndedAsync().Soon(); // none of them goes on
        lab.Standing = turn => turn.WholeAsync(Answers.Chat);

        await using var other = await Http2Client.ConnectAsync(server);
        var next = await other.CallAsync(Complete);
        await other.DataAsync(next, Http2Client.Message(Ask), end: true);
        Assert.Equal("0", (await other.AnswerAsync(next)).Status);
    }

    [Fact]
    public async Task A_caller_with_a_small_window_gets_all()
    {
        const int Pieces = 400;
        var text = new string('a', 4096);
        await using var lab = new FakeUpstream(turn => turn.StreamAsync([Answers.Role, .. Enumerable.Repeat(Answers.Chunk(text), Pieces), Answers.Finish, Answers.Usage, Answers.Done]));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server, window: 1000);
        var call = await client.CallAsync(Chunks);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);

        var answer = await client.AnswerAsync(call);

        var chunks = Http2Client.Messages(answer).ConvertAll(GetChatCompletionChunk.Parser.ParseFrom);
        Assert.Equal((long)Pieces * text.Length, chunks.SelectMany(chunk => chunk.Outputs).Sum(output => (long)output.Delta.Content.Length));
        Assert.Equal("0", answer.Status);
    }

    [Fact]
    public async Task At_shutdown_no_new_call_is_taken_and_those_that_run_come_to_their_end()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await gate.WaitAsync();
            await turn.SendAsync(Answers.Chunk("lo") + Answers.Finish + Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Chunks);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        await client.On(call).BegunAsync();
        var stopping = server.Server.StopAsync();

        await client.GoAwayAsync();
        gate.Open();
        var answer = await client.AnswerAsync(call);

        Assert.Equal("0", answer.Status);
        Assert.Equal("Hello", string.Concat(Http2Client.Messages(answer).ConvertAll(GetChatCompletionChunk.Parser.ParseFrom).SelectMany(chunk => chunk.Outputs).Select(output => output.Delta.Content)));
        await client.ClosedAsync();
        await stopping.Soon();
    }

    [Fact]
    public async Task What_still_runs_when_the_grace_is_over_ends_with_a_status()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Chunks);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        await client.On(call).BegunAsync();
        var stopping = server.Server.StopAsync();
        await client.GoAwayAsync();
        server.Service<Milliways.Hosting.Drain>().AtOnce();

        Assert.Equal("14", (await client.AnswerAsync(call)).Status);
        await client.DisposeAsync(); // as clients do that were told to go away
        await stopping.Soon();
    }

    [Fact]
    public async Task A_message_that_stops_half_way_ends_its_own_call_only()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Chunk("lo") + Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab, clock, ", \"timeouts\": { \"idle\": \"25m\" }");
        await using var client = await Http2Client.ConnectAsync(server);
        var whole = await client.CallAsync(Chunks);
        await client.DataAsync(whole, Http2Client.Message(Ask), end: true);
        await client.On(whole).BodyAsync();
        var half = await client.CallAsync(Complete);
        await client.DataAsync(half, Http2Client.Message(Ask)[..9]);

        var took = await clock.RunUntilAsync(client.On(half).EndedAsync(), TimeSpan.FromSeconds(1));

        Assert.True(took >= OpenExchanges.BodyStall, $"It was ended after {took}.");
        Assert.Equal(("4", "client, body"), (client.On(half).Status, client.On(half).Header("x-milliways-failed")));
        go.Open();
        Assert.Equal("0", (await client.AnswerAsync(whole)).Status);
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task While_a_caller_does_not_read_only_a_bounded_number_of_bytes_is_taken_from_the_upstream()
    {
        var (clock, sent) = (new ManualTime(), 0L);
        await using var lab = Flooding(bytes => Interlocked.Add(ref sent, bytes));
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await Http2Client.ConnectAsync(server, window: 64 << 10, reads: false);
        var call = await client.CallAsync(Chunks);
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        await client.On(call).BodyAsync();

        var took = await clock.RunUntilAsync(server.Service<OpenExchanges>().WhenEndedAsync());

        Assert.InRange(took, OpenExchanges.WriteStall, TimeSpan.FromMinutes(29));
        Assert.InRange(Interlocked.Read(ref sent), 0, 24 << 20); // what the sockets' buffers of the system may hold
    }

    [Fact]
    public async Task A_caller_that_does_not_read_does_not_hold_its_upstream_beyond_the_deadline()
    {
        var clock = new ManualTime();
        await using var lab = Flooding(_ => { });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await Http2Client.ConnectAsync(server, window: 64 << 10, reads: false);
        var call = await client.CallAsync(Chunks, more: ("grpc-timeout", "5S"));
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        await client.On(call).BodyAsync();

        var took = await clock.RunUntilAsync(server.Service<OpenExchanges>().WhenEndedAsync(), TimeSpan.FromMilliseconds(500));

        Assert.InRange(took, TimeSpan.FromSeconds(5), OpenExchanges.WriteStall - TimeSpan.FromSeconds(1));
        await client.PingAsync(); // the connection is there for others
    }

    [Theory]
    [InlineData("5x", false, "3")]
    [InlineData("0n", false, "4")]
    [InlineData("2S", true, "4")]
    [InlineData("", true, "4")]
    public async Task A_method_without_an_exchange_hears_its_deadline_too_and_waits_for_no_message_for_ever(string timeout, bool isHalf, string status)
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync("/xai_api.Models/ListLanguageModels", more: ("grpc-timeout", timeout));
        await client.DataAsync(call, isHalf ? [0, 0] : Http2Client.Message([]), end: !isHalf);

        await clock.RunUntilAsync(client.On(call).EndedAsync(), TimeSpan.FromSeconds(1));

        Assert.Equal(status, client.On(call).Status);
    }

    /// <summary>An upstream that sends without end, and says how much.</summary>
    private static FakeUpstream Flooding(Action<long> sent) => new(async turn =>
    {
        await turn.BeginAsync();
        var flood = Answers.Chunk(new string('x', 64 << 10));
        while (true)
        {
            await turn.SendAsync(flood);
            sent(flood.Length);
        }
    });
}
