using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;
using static Milliways.Simulation.Claim;

namespace Milliways.Simulation;

/// <summary>
/// Three servers that share a team's limits in one database, driven by one thread in an order that follows from the dice: requests, corrections, endings, transactions that are lost before or
/// after their commit, servers that are cut off, die and come, and limits that change. No window ever holds more than its limit over all servers, no more exchanges run than there are slots, and
/// once everything is quiet all of every limit is free again.
/// </summary>
/// <param name="roll">A number below its argument.</param>
/// <param name="world">Begun anew.</param>
internal sealed class LimitSimulation(Func<int, int> roll, ShareWorld world)
{
    private static readonly ScopeName[] Names = [ScopeName.Team, ScopeName.Key(new Guid(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])), ScopeName.Model("m")];

    private readonly LimitSet[] _limits = [.. Names.Select(_ => Limits(roll))];

    public void Run(int steps, SimulationTotals totals)
    {
        world.With(3);
        for (var step = 0; step < steps; step++)
        {
            Step(world.Servers[roll(world.Servers.Count)], totals);
            CheckSlots();
        }
        world.Log.Check();
        CheckNothingIsLost();
        totals.Admitted += world.Log.Count;
    }

    private void Step(ShareServer server, SimulationTotals totals)
    {
        switch (roll(16))
        {
            case 0:
                world.Advance(One(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(333), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(19), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(20)));
                break;
            case 1 when server.Running.Count > 0:
                server.End(server.Running[roll(server.Running.Count)], used: roll(12), undo: roll(4) == 0);
                break;
            case 2:
                server.Shares.Tick();
                break;
            case 3:
                server.Lose(committed: roll(2) == 1);
                break;
            case 4:
                server.IsCutOff = !server.IsCutOff;
                break;
            case 5 when roll(4) == 0:
                world.Servers[world.Servers.IndexOf(server)] = world.Start();
                totals.Crashes++;
                break;
            case 6 when roll(4) == 0:
                _limits[roll(Names.Length)] = Limits(roll);
                break;
            case 7 or 8 or 9:
                server.Step();
                break;
            case 10 or 11:
                server.Pump();
                break;
            case 12:
                for (var i = 0; i < 30; i++)
                {
                    Ask(server);
                    world.Advance(TimeSpan.FromMilliseconds(1));
                    server.Pump();
                }
                break;
            default:
                Ask(server);
                break;
        }
    }

    private void Ask(ShareServer server) => server.Ask(
        new TokenBound(roll(12), roll(12)),
        [.. Enumerable.Range(0, 1 + roll(3)).Select(i => new ScopedLimits(Names[i], _limits[i])).Where(scope => !scope.Limits.IsEmpty).DefaultIfEmpty(new ScopedLimits(Names[0], new LimitSet { RequestsPerHour = 1 }))]);

    private static LimitSet Limits(Func<int, int> roll)
    {
        return new()
        {
            RequestsPerSecond = One([null, 1, 2, 5, 100]), RequestsPerMinute = One([null, 3, 7, 4000, 5000]), RequestsPerHour = One([null, null, 9]),
            TokensPerMinute = One([null, 20, 50, 4000]), Concurrent = One([null, 1, 3, 40]),
        };

        int? One(int?[] values) => values[roll(values.Length)];
    }

    private T One<T>(params T[] values) => values[roll(values.Length)];

    /// <summary>What runs at servers that the database has seen within 20 seconds; the limit may have been lowered while they ran.</summary>
    private void CheckSlots()
    {
        foreach (var name in Names)
        {
            var running = world.Servers.Where(server => world.Clock.Now - server.Seen < TimeSpan.FromSeconds(20))
                .SelectMany(server => server.Running).Where(one => !one.IsWrittenOff).SelectMany(one => one.AdmittedUnder).Where(scope => scope.Name == name).ToList();
            var limited = running.Where(scope => scope.Limits.Concurrent is not null).ToList();
            if (limited.Count > 0 && limited.Count == running.Count && limited.TrueForAll(scope => ReferenceEquals(scope.Limits, limited[0].Limits)))
                Must(running.Count <= limited[0].Limits.Concurrent, $"{name}: {running.Count} run of {limited[0].Limits.Concurrent}");
        }
    }

    private void CheckNothingIsLost()
    {
        foreach (var server in world.Servers)
        {
            server.IsCutOff = false;
            server.Renew();
            server.Pump();
            foreach (var one in server.Running.ToList())
                server.End(one, used: null);
        }
        world.Advance(TimeSpan.FromSeconds(21));
        foreach (var server in world.Servers)
        {
            server.Shares.Tick();
            server.Pump();
        }
        Must(Sum("SELECT COALESCE(SUM(held), 0) FROM limit_slots JOIN epochs USING (epoch) WHERE seen > $at", world.Database.Now(world.Clock) - ShareStore.LostMilliseconds) == 0, "slots are held though nothing runs");
        world.Advance(TimeSpan.FromHours(1));
        Must(Sum("SELECT COALESCE(SUM(amount), 0) FROM limit_bookings WHERE until > $at", world.Database.Microseconds(world.Clock)) == 0, "something counts though all windows are over");
        foreach (var server in world.Servers)
            Must(server.Shares.Forget(), "a server remembers limits that nobody uses");
    }

    private long Sum(string sql, long at) => world.Database.Query(sql, row => row.GetInt64(0), ("$at", at))[0];
}
