using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>A governed server whose first team has so many ticks and no monthly grant, with a priced model at a fake upstream of each dialect.</summary>
internal sealed class Credited(TestServer server, FakeUpstream lab, FakeUpstream claude) : IAsyncDisposable
{
    /// <summary>Ticks a token of the price below.</summary>
    public const long Input = 50_000, Cached = 25_000, Output = 150_000;

    private const string Price = """{ "input": "5", "cachedInput": "2.5", "output": "15" }""";

    public TestServer Server => server;

    public FakeUpstream Lab => lab;

    public FakeUpstream Claude => claude;

    public CreditCommands Credits => server.Service<CreditCommands>();

    public Guid Team => server.Server.Team.Id;

    /// <param name="ticks">0: never had any.</param>
    /// <param name="more">Further members of <c>models</c>, beginning with a comma.</param>
    public static async Task<Credited> StartAsync(long ticks, string more = "", TimeProvider? clock = null)
    {
        var (lab, claude) = (new FakeUpstream(), new FakeUpstream(turn => turn.WholeAsync(Answers.Messages)));
        var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}}, "claude": {{TestServer.Claude(claude)}},
                             "again": { "dialect": "openai-responses", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", {{TestServer.OneTry}} },
                             "xai": { "preset": "xai", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k" } },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": {{Price}} },
                          "priced-claude": { "attempts": [ { "upstream": "claude", "model": "claude-x" } ], "price": {{Price}} },
                          "priced-responses": { "attempts": [ { "upstream": "again", "model": "m" } ], "price": {{Price}} },
                          "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } {{more}} },
              "credits": { "monthlyGrant": null } }
            """, clock, governance: true);
        var credited = new Credited(server, lab, claude);
        if (ticks > 0)
            await credited.Credits.GrantAsync(OperatorActor.Instance, server.Server.Team.Account, ticks, expires: null, "test", CancellationToken.None);
        return credited;
    }

    public async Task<long> BalanceAsync() => (await Credits.ShowAsync(OperatorActor.Instance, server.Server.Team.Account, CancellationToken.None)).BalanceTicks;

    /// <summary>What the books say of all charges, newest last.</summary>
    public async Task<IReadOnlyList<StatementEntry>> ChargesAsync() =>
        [.. (await Credits.StatementAsync(OperatorActor.Instance, server.Server.Team.Account, new StatementRange(null, null, 0, 10_000), ledger: false, CancellationToken.None)).Entries.Where(entry => entry.Kind == "charge")];

    /// <summary>Completes when all exchanges have given back what they held; a caller that left knows of no other signal.</summary>
    public async Task NothingHeldAsync()
    {
        for (var began = TimeProvider.System.GetTimestamp(); (await Credits.ShowAsync(OperatorActor.Instance, server.Server.Team.Account, CancellationToken.None)).HeldTicks != 0;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit, "Something is still held.");
            await Task.Yield();
        }
        Assert.Empty((await Credits.HoldsAsync(OperatorActor.Instance, null, CancellationToken.None)).Holds);
    }

    /// <summary>No hold is left, and the books are right.</summary>
    public async Task CheckAsync()
    {
        Assert.Equal(0, (await Credits.ShowAsync(OperatorActor.Instance, server.Server.Team.Account, CancellationToken.None)).HeldTicks);
        Assert.Empty((await Credits.CheckAsync(OperatorActor.Instance, CancellationToken.None)).Problems);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await lab.DisposeAsync();
        await claude.DisposeAsync();
    }
}
