using Microsoft.Extensions.DependencyInjection;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>However an exchange goes, its leases are closed once, and before the caller can have seen the end of its answer.</summary>
public sealed class LeaseTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Messages = "/v1/messages";

    private readonly RecordingGate _gate = new();

    [Theory]
    [InlineData(Chat)]
    [InlineData(Messages)]
    public async Task A_whole_answer_is_settled_before_a_byte_of_it_is_written(string path)
    {
        await using var lab = new FakeUpstream();
        await using var server = await StartAsync(lab);

        Assert.Equal(200, (await server.PostAsync(path, Answers.Say("alpha"))).Status);

        var lease = TheLease();
        Assert.Equal((Ending.Completed, new ChatUsage(3, 0, 0, 1, 0), ""), (lease.Outcome.Ending, lease.Outcome.Usage, lease.WrittenBefore));
        Assert.Contains("Hi", lease.Written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Chat, "data: [DONE]")]
    [InlineData(Messages, "event: message_stop")]
    public async Task A_stream_is_settled_after_its_text_and_before_its_end_is_written(string path, string end)
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await StartAsync(lab);

        var answer = await server.PostAsync(path, Answers.Say("alpha", stream: true));

        Assert.Contains(end, answer.Text, StringComparison.Ordinal);
        var lease = TheLease();
        Assert.Equal((Ending.Completed, new ChatUsage(3, 0, 0, 1, 0)), (lease.Outcome.Ending, lease.Outcome.Usage));
        Assert.Contains("Hi", lease.WrittenBefore, StringComparison.Ordinal);
        Assert.DoesNotContain(end, lease.WrittenBefore, StringComparison.Ordinal);
        Assert.Contains(end, lease.Written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstreams_failure_is_settled_before_it_is_told(bool stream)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"sick"}}""", 400));
        await using var server = await StartAsync(lab);

        Assert.Equal(400, (await server.PostAsync(Chat, Answers.Ask(stream: stream))).Status);

        var lease = TheLease();
        Assert.Equal("", lease.WrittenBefore);
        Assert.NotNull(lease.Outcome.Failure);
        Assert.NotEqual(Ending.Completed, lease.Outcome.Ending);
        Assert.NotEqual("", lease.Written);
    }

    [Fact]
    public async Task A_stream_that_breaks_is_settled_before_its_error_is_told()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            turn.Reset();
        });
        await using var server = await StartAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Chat, Answers.Ask(stream: true));
        await client.HeadAsync();
        var text = await client.RestTextAsync();

        Assert.Contains("\"error\"", text, StringComparison.Ordinal);
        var lease = TheLease();
        Assert.Equal(Ending.UpstreamFailed, lease.Outcome.Ending);
        Assert.DoesNotContain("\"error\"", lease.WrittenBefore, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", 422)]
    [InlineData("""{"model":"nobody","messages":[]}""", 404)]
    public async Task A_refusal_is_settled_before_it_is_told(string body, int status)
    {
        await using var lab = new FakeUpstream();
        await using var server = await StartAsync(lab);

        var answer = await server.PostAsync(Chat, body);

        Assert.True(answer.Status == status || answer.Status == 400, answer.Text);
        var lease = TheLease();
        Assert.Equal((Ending.Refused, ""), (lease.Outcome.Ending, lease.WrittenBefore));
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_that_leaves_is_settled_as_gone(bool inTheMiddle)
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            if (inTheMiddle)
            {
                await turn.BeginAsync();
                await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            }
            await turn.ClosedAsync();
        });
        await using var server = await StartAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Chat, Answers.Ask(stream: true));
        var turn = await lab.ArrivalAsync();
        if (inTheMiddle)
        {
            await client.HeadAsync();
            while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }
        }

        client.Leave();
        await turn.ClosedAsync();

        var lease = Assert.Single(_gate.Leases);
        await lease.Closed;
        Assert.Equal(Ending.ClientGone, lease.Outcome.Ending);
        await server.Server.StopAsync().Soon(); // whatever could close it again has run
        Assert.Equal(1, lease.Closings);
    }

    private Task<TestServer> StartAsync(FakeUpstream lab) =>
        TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""", more: services => services.AddSingleton<IGate>(_gate));

    private RecordedLease TheLease()
    {
        var lease = Assert.Single(_gate.Leases);
        Assert.Equal(1, lease.Closings);
        return lease;
    }
}
