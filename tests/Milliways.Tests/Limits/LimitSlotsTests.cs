using Microsoft.Extensions.DependencyInjection;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Routing;
using Milliways.Stored;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>A slot is held from the admission until the exchange has ended and its upstream is closed, whoever leaves first.</summary>
public class LimitSlotsTests
{
    private const string One = """ "perTeam": { "concurrent": 1 } """;

    [Fact]
    public async Task A_stream_holds_its_slot_to_its_end()
    {
        var go = new Gate();
        await using var lab = new FakeUpstream();
        lab.Then(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await Limited.StartAsync(lab, One);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Limited.Chat, Answers.Ask(stream: true));
        Assert.Equal(200, (await client.HeadAsync()).Status);
        await client.EventAsync();

        var refused = await server.AskAsync();
        Assert.Equal((429, "1"), (refused.Status, refused.Header("Retry-After")));
        Assert.Contains("Concurrent Requests (actual/limit): 1/1", refused.Text, StringComparison.Ordinal);
        go.Open();
        await client.RestTextAsync();
        Assert.Equal(WireEnd.Proper, client.End);
        await Routed.AllEndedAsync(server);
        Assert.Equal(2, await server.AdmittedAsync(of: 2));
    }

    [Fact]
    public async Task A_caller_that_leaves_frees_its_slot_when_its_upstream_is_closed()
    {
        await using var lab = new FakeUpstream();
        lab.Then(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.ClosedAsync();
        });
        await using var server = await Limited.StartAsync(lab, One);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Limited.Chat, Answers.Ask(stream: true));
        await client.HeadAsync();
        var turn = await lab.ArrivalAsync();
        Assert.Equal(429, (await server.AskAsync()).Status);
        client.Leave();
        await turn.ClosedAsync();
        await Routed.AllEndedAsync(server);
        Assert.Equal(1, await server.AdmittedAsync(of: 1));
    }

    [Fact]
    public async Task A_caller_whose_answer_is_drained_has_its_slot_until_the_upstream_has_ended()
    {
        var go = new Gate();
        await using var lab = new FakeUpstream();
        lab.Then(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await Limited.ServeAsync(Limited.Config(lab, One).Replace("\"retries\": 0", "\"retries\": 0, \"onClientGone\": \"drain\"", StringComparison.Ordinal));
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Limited.Chat, Answers.Ask(stream: true));
        await client.HeadAsync();
        client.Leave();
        Assert.Equal(429, (await server.AskAsync()).Status);
        go.Open();
        await Routed.AllEndedAsync(server);
        Assert.Equal(200, (await server.AskAsync()).Status);
    }

    [Fact]
    public async Task Deferred_completions_and_background_responses_hold_theirs_while_nobody_waits()
    {
        foreach (var (path, body) in new[] { (Limited.Chat, Answers.Ask(more: ""","deferred":true""")), ("/v1/responses", """{"model":"alpha","input":"x","background":true}""") })
        {
            var go = new Gate();
            await using var lab = new FakeUpstream();
            lab.Then(async turn =>
            {
                await go.WaitAsync();
                await turn.WholeAsync(Answers.Chat);
            });
            await using var server = await Limited.StartAsync(lab, """ "perTeam": { "concurrent": 1, "requestsPerMinute": 9 } """);
            var begun = await server.PostAsync(path, body);
            Assert.Equal((200, "8"), (begun.Status, begun.Header("x-ratelimit-remaining-requests")));
            Assert.Equal(429, (await server.AskAsync()).Status);
            Assert.Equal(429, (await server.PostAsync(path, body)).Status);
            go.Open();
            await Routed.AllEndedAsync(server);
            Assert.Equal(200, (await server.AskAsync()).Status);
            Assert.Equal(2, lab.Received.Count);
        }
    }

    [Fact]
    public async Task What_a_later_gate_refuses_counts_for_nothing()
    {
        var gate = new Refusing();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 2, "requestsPerHour": 2, "concurrent": 1, "tokensPerMinute": 5000 } """, more: services => services.AddSingleton<IAdmissionGate>(gate));
        for (var i = 0; i < 5; i++)
            Assert.Equal(403, (await server.AskAsync()).Status);
        gate.IsOpen = true;
        Assert.Equal(2, await server.AdmittedAsync(of: 3));
    }

    [Fact]
    public async Task A_deferral_for_which_there_is_no_place_counts_for_nothing()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 1, "concurrent": 1 } """);
        var store = server.Service<AnswerStore>();
        await Task.WhenAll(Enumerable.Range(0, AnswerStore.MostWaiting).Select(i => store.AcceptAsync(new StoredAnswer(StoredKind.Deferred, server.Account, $"w{i}") { IsWaiting = true, Body = [], Interrupted = [] })));
        Assert.Equal("0", (await server.AskAsync(more: ""","deferred":true""")).Header("x-ratelimit-remaining-requests"));
        Assert.Equal(1, await server.AdmittedAsync(of: 2));
    }

    [Fact]
    public async Task Failures_of_every_kind_give_the_slot_back()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, One);
        foreach (var script in new Func<UpstreamTurn, Task>[]
        {
            turn => turn.WholeAsync("""{"error":{"message":"sick"}}""", 500),
            turn => { turn.Reset(); return Task.CompletedTask; },
            turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi")),
            turn => turn.WholeAsync("<html>", contentType: "text/html"),
        })
        {
            lab.Then(script);
            await using var client = await RawClient.ConnectAsync(server);
            await client.PostAsync(Limited.Chat, Answers.Ask(stream: true));
            await client.HeadAsync();
            await client.RestAsync();
            await Routed.AllEndedAsync(server);
        }
        Assert.Equal(1, await server.AdmittedAsync(of: 1));
    }

    private sealed class Refusing : IAdmissionGate
    {
        public bool IsOpen { get; set; }

        public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel) =>
            ValueTask.FromResult(IsOpen ? Admission.Free : Admission.Refused(new Failure(FailureKind.Forbidden, FailureParty.Client, "credits", "No credits.")));
    }
}
