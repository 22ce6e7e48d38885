using System.Net;
using Milliways.EndToEnd.Support;
using static Milliways.EndToEnd.Credits.Replicas;

namespace Milliways.EndToEnd.Credits;

/// <summary>Three processes of the built executable on one PostgreSQL share a team's money.</summary>
public sealed class ReplicaTests
{
    private const int Crowd = 1000, Paid = 100;
    private const int Continue = 18;

    [Fact]
    public async Task Of_a_thousand_at_once_over_three_processes_whole_and_streamed_a_hundred_are_served_and_not_a_tick_is_spent_twice()
    {
        await using var postgres = await PostgresAsync();
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var servers = await StartAsync(postgres, upstream);
        await CommandAsync(postgres, "credits", "grant", "0.15", "--reason", "test"); // a hundred answers of a hundred tokens

        var answers = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => AskAsync(servers[i % 3], stream: i / 3 % 2 == 1)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Forbidden }));
        var served = answers.Where(answer => answer.Status == HttpStatusCode.OK).ToList();
        Assert.InRange(served.Count, 95, Paid);
        await ChecksAsync(postgres, served, Paid * Tokens * TokenTicks);
    }

    [Fact]
    public async Task What_a_killed_and_a_stopped_process_had_is_back_within_thirty_seconds_and_nobody_spends_it_twice()
    {
        await using var postgres = await PostgresAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = 0;
        await using var upstream = await FakeUpstream.StartAsync(async (http, body) =>
        {
            if (body.Contains("wait", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref held);
                await go.Task;
            }
            await AnswerAsync(http, body);
        });
        await using var servers = await StartAsync(postgres, upstream);
        await CommandAsync(postgres, "credits", "grant", "0.0045", "--reason", "test"); // three answers
        var (killed, stopped) = (AskAsync(servers[1], stream: false, "wait"), AskAsync(servers[2], stream: false, "wait"));
        await Until.TrueAsync(() => Volatile.Read(ref held) == 2, "both are asked");

        servers[1].Signal(Signals.Kill);
        servers[2].Signal(Signals.Stop);
        var began = TimeProvider.System.GetTimestamp();
        await Until.TrueAsync(async () => (await CommandAsync(postgres, "credits", "show"))["held_ticks"]!.GetValue<long>() == 0, "all of it is back", Patience.Long);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
        var served = new List<Answer>();
        for (var i = 0; i < 3; i++)
            served.Add(await AskAsync(servers[0], stream: false));
        Assert.All(served, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));

        // It goes on with an answer that nobody has money for any more, and with no new one.
        servers[2].Signal(Continue);
        go.SetResult();
        var late = await stopped;
        Assert.Equal(HttpStatusCode.OK, late.Status);
        Assert.NotEqual(HttpStatusCode.OK, (await AskAsync(servers[2], stream: false)).Status);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => killed);
        await ChecksAsync(postgres, [.. served, late], 3 * Tokens * TokenTicks);
        var statement = await CommandAsync(postgres, "credits", "statement", "--ledger");
        Assert.Equal(-Tokens * TokenTicks, statement["postings"]!.AsArray().Where(posting => posting!["account"]!.GetValue<string>() == "operator:overrun").Sum(posting => posting!["amount_ticks"]!.GetValue<long>()));
    }
}
