using Microsoft.Extensions.DependencyInjection;
using Milliways.Credits;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>A governed server with a priced model <c>priced</c> and credit, whose log a test can read.</summary>
internal sealed class Logged(TestServer server, FakeUpstream lab) : IAsyncDisposable
{
    public const string Chat = "/v1/chat/completions";

    public TestServer Server => server;

    public FakeUpstream Lab => lab;

    public LogReader Reader => server.Service<LogReader>();

    public CreditCommands Credits => server.Service<CreditCommands>();

    /// <param name="logs">The section <c>logs</c>.</param>
    public static async Task<Logged> StartAsync(string logs = "{}", TimeProvider? clock = null, Action<IServiceCollection>? more = null, string? database = null)
    {
        var lab = new FakeUpstream();
        var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "5", "cachedInput": "2.5", "output": "15" } } },
              "credits": { "monthlyGrant": null }, "logs": {{logs}} }
            """, clock, more: more, database: database, governance: true);
        var logged = new Logged(server, lab);
        await logged.Credits.GrantAsync(OperatorActor.Instance, server.Account, 100 * Money.TicksPerDollar, expires: null, "test", CancellationToken.None);
        return logged;
    }

    public Task<Answer> AskAsync(string model = "priced", bool stream = false, params (string, string)[] headers) => server.PostAsync(Chat, Answers.Ask(model, stream), headers);

    /// <summary>The entries of a team, the oldest first, once there are so many.</summary>
    public Task<List<LogEntry>> EntriesAsync(int count, string? team = null, params LogFilter[] filters) =>
        UntilAsync(() => Reader.ListAsync(new LogQuery(team ?? server.Account, filters) { Limit = 1000, OldestFirst = true }), entries => entries.Count >= count);

    /// <summary>The entry of one answer.</summary>
    public async Task<LogEntry> EntryAsync(Answer answer, string? team = null) => (await UntilAsync(
        () => Reader.FindAsync(team ?? server.Account, answer.Header("x-request-id")!), entries => entries.Count > 0))[0];

    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            T last;
            if (isIt(last = await ask()))
                return last;
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit, $"What was waited for did not come; last: {last}");
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await lab.DisposeAsync();
    }
}
