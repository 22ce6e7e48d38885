using Microsoft.Extensions.DependencyInjection;
using Milliways.Credits;
using Milliways.Exchanges;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>An answer whose charge cannot be made durable is not delivered: the caller gets an error in its dialect, and no end of a stream.</summary>
public sealed class UnsettledTests
{
    private readonly RecordingGate _gate = new();

    [Theory, InlineData("/v1/chat/completions"), InlineData("/v1/messages"), InlineData("/v1/responses")]
    public async Task A_whole_answer_that_cannot_be_charged_is_an_error_and_nothing_of_it_is_told(string path)
    {
        await using var lab = new FakeUpstream();
        await using var server = await StartAsync(lab);
        var answer = await server.PostAsync(path, Body(path, stream: false));
        Assert.Equal(503, answer.Status);
        Assert.DoesNotContain("Hi", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\"error\"", answer.Text, StringComparison.Ordinal);
        await CheckAsync(server, "");
    }

    [Theory, InlineData("/v1/chat/completions", "[DONE]", "\"error\""), InlineData("/v1/messages", "message_stop", "event: error"), InlineData("/v1/responses", "response.completed", "\"error\"")]
    public async Task A_stream_that_cannot_be_charged_ends_with_its_dialects_error_and_a_torn_connection(string path, string end, string mark)
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await StartAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, Body(path, stream: true));
        await client.HeadAsync();
        var received = await client.RestTextAsync();
        Assert.Equal(WireEnd.Torn, client.End);
        Assert.Contains("Hi", received, StringComparison.Ordinal);
        Assert.Contains(mark, received, StringComparison.Ordinal);
        Assert.DoesNotContain(end, received, StringComparison.Ordinal);
        await CheckAsync(server, "Hi");
    }

    private async Task CheckAsync(TestServer server, string written)
    {
        var lease = Assert.Single(_gate.Leases);
        await lease.Closed;
        Assert.Equal((1, Ending.UpstreamFailed), (lease.Closings, lease.Outcome.Ending));
        Assert.NotNull(lease.Outcome.Failure);
        Assert.Contains(written, lease.WrittenBefore, StringComparison.Ordinal);
        var shown = await server.Service<CreditCommands>().ShowAsync(OperatorActor.Instance, server.Server.Team.Account, CancellationToken.None);
        Assert.Equal((Money.TicksPerDollar, 0), (shown.BalanceTicks, shown.HeldTicks));
    }

    private async Task<TestServer> StartAsync(FakeUpstream lab)
    {
        var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "credits": { "monthlyGrant": null },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "5", "output": "15" } } } }
            """,
            governance: true, more: services => services.AddSingleton<IGate>(_gate).AddSingleton<ILedger>(provider => new Losing(provider.GetRequiredService<Bookkeeping>().Ledger)));
        await server.Service<CreditCommands>().GrantAsync(OperatorActor.Instance, server.Server.Team.Account, Money.TicksPerDollar, expires: null, "test", CancellationToken.None);
        return server;
    }

    private static string Body(string path, bool stream) => path == "/v1/responses"
        ? $$"""{"model":"priced","max_output_tokens":50,"store":false,"input":"Say hi","stream":{{(stream ? "true" : "false")}}}"""
        : Answers.Say("priced", stream);

    /// <summary>The server's ledger, whose charges never become durable: they are given back, as the journal does with what is certainly not in it.</summary>
    private sealed class Losing(Ledger ledger) : ILedger
    {
        public bool HasHadCredit(Guid team) => ledger.HasHadCredit(team);

        public ValueTask<HoldAnswer> HoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel) => ledger.HoldAsync(payer, requestId, ticks, cancel);

        public ValueTask<HoldRefusal?> TopUpAsync(Hold hold, long ticks, CancellationToken cancel) => ledger.TopUpAsync(hold, ticks, cancel);

        public async ValueTask<long> SettleAsync(Hold hold, Charge charge, bool inline = false)
        {
            await Task.Yield();
            ledger.Release(hold);
            throw new LedgerUnavailableException("The charge could not be written.");
        }

        public void Release(Hold hold) => ledger.Release(hold);
    }
}
