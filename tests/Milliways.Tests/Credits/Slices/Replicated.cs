using Milliways.Credits;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Secrets;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits.Slices;

/// <summary>Governed servers in this process on one PostgreSQL, each with its own data directory and clock, before one upstream.</summary>
internal sealed class Replicated : IAsyncDisposable
{
    public const long Output = Credited.Output;

    private static readonly Dictionary<string, string> Secret = new() { [MasterSecret.Variable] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };
    private static readonly Actor Me = OperatorActor.Instance;

    private readonly string _config;
    private int _requests;

    private Replicated(string database, FakeUpstream lab, string credits)
    {
        (Database, Lab) = (database, lab);
        _config = $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} },
              "models": { "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } },
              "credits": {{credits}} }
            """;
    }

    public string Database { get; }

    public FakeUpstream Lab { get; }

    public List<TestServer> Servers { get; } = [];

    public TestServer First => Servers[0];

    public Guid Team => First.Server.Team.Id;

    public Guid Key { get; private set; }

    public CreditCommands Credits => First.Service<CreditCommands>();

    /// <param name="ticks">What the team has.</param>
    /// <param name="servers">How many, all with the system's clock.</param>
    public static async Task<Replicated> StartAsync(long ticks, int servers = 3, string? database = null, Func<TimeProvider?>? clock = null, string credits = """{ "monthlyGrant": null }""")
    {
        var replicated = new Replicated(database ?? await (await PostgresCluster.SharedAsync()).CreateAsync(), new FakeUpstream(), credits);
        for (var i = 0; i < servers; i++)
            await replicated.AddAsync(clock?.Invoke());
        // Who has a clock that stands still says nothing more, and the database's own clock is real: a test that takes long must not end their lives.
        if (clock is not null)
            await replicated.First.Service<LedgerDatabase>().RunAsync(session => session.Execute("UPDATE epochs SET seen = seen + 600000 WHERE ended IS NULL"));
        replicated.Key = replicated.First.Service<KeyStore>().All()[0].Id;
        if (ticks > 0)
            await replicated.Credits.GrantAsync(Me, replicated.First.Account, ticks, expires: null, "test", CancellationToken.None);
        return replicated;
    }

    public async Task<TestServer> AddAsync(TimeProvider? clock = null)
    {
        var server = await TestServer.StartAsync(_config, clock, Secret, database: Database, governance: true);
        Servers.Add(server);
        server.UseKey(First.Key);
        return server;
    }

    public Payer Payer(long? budget = null, string? gateway = null) => new(Team, Key, budget, gateway);

    public async Task<HoldAnswer> HoldAsync(TestServer server, long ticks, Payer? payer = null) =>
        await server.Service<ILedger>().HoldAsync(payer ?? Payer(), $"request-{Interlocked.Increment(ref _requests)}", ticks, CancellationToken.None);

    public async Task<long> SettleAsync(TestServer server, Hold hold, long cost, Payer? payer = null) => await server.Service<ILedger>().SettleAsync(hold, new Charge
    {
        RequestId = hold.RequestId, Payer = payer ?? Payer(), Time = server.Service<TimeProvider>().GetUtcNow(), Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed,
        Cost = cost,
    });

    public Task<CreditsShown> ShowAsync() => Credits.ShowAsync(Me, First.Account, CancellationToken.None);

    /// <summary>Lets a clock go on until something is so, and waits for the leases of those who live by it. Returns how much time went by.</summary>
    public Task<TimeSpan> RunAsync(ManualTime clock, Func<Task<bool>> done)
    {
        var living = Servers.Where(server => server.Service<TimeProvider>() == clock).Select(server => server.Service<Epochs>()).ToList();
        return clock.RunUntilAsync(done, () => living.TrueForAll(epochs => epochs.IsCurrent(epochs.Current)));
    }

    /// <summary>Everything that servers made durable is in the books.</summary>
    public async Task FoldedAsync()
    {
        foreach (var server in Servers)
            await server.Service<Bookkeeping>().Folder.CatchUpAsync(CancellationToken.None).Soon();
    }

    public async Task<Milliways.Credits.Statement> StatementAsync()
    {
        await FoldedAsync();
        return await Credits.StatementAsync(Me, First.Account, new(null, null, 0, 10_000), ledger: true, CancellationToken.None);
    }

    /// <summary>Completes when no server has anything of the team's money.</summary>
    public async Task NothingOutAsync()
    {
        await FoldedAsync();
        for (var began = TimeProvider.System.GetTimestamp(); (await ShowAsync()).HeldTicks != 0;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit, "Something is still out.");
            await Task.Yield();
        }
    }

    /// <summary>The books are right, and no entry says that the team had less than nothing.</summary>
    public async Task CheckAsync()
    {
        var statement = await StatementAsync();
        Assert.All(statement.Entries, entry => Assert.True(entry.BalanceTicks >= 0, $"After entry {entry.Seq} the balance is {entry.BalanceTicks}."));
        Assert.Equal(0, statement.Postings!.Sum(posting => posting.AmountTicks));
        foreach (var server in Servers)
            Assert.Empty((await server.Service<CreditCommands>().CheckAsync(Me, CancellationToken.None)).Problems);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Servers)
            await server.DisposeAsync();
        await Lab.DisposeAsync();
    }
}
