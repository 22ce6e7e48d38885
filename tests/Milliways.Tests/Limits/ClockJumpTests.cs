using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>One server's windows go by its monotonic clock; those over several servers by PostgreSQL's (docs/limits.md).</summary>
public sealed class ClockJumpTests
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(31);

    [Fact]
    public async Task Limits_of_requests_do_not_care_what_the_wall_clock_says()
    {
        await using var lab = new FakeUpstream();
        var time = new ManualTime();
        var wall = new WallClock(time);
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "limits": { "perKey": { "requestsPerMinute": 3 } },
              "models": { "free": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" } } } }
            """, wall, governance: true);
        Assert.Equal([200, 200, 200, 429], await AskAsync(4));
        wall.Offset = Month;
        Assert.Equal([429], await AskAsync(1));
        wall.Offset = -Month;
        Assert.Equal([429], await AskAsync(1));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([200, 200, 200, 429], await AskAsync(4));

        async Task<List<int>> AskAsync(int count)
        {
            var statuses = new List<int>();
            for (var i = 0; i < count; i++)
                statuses.Add((await server.PostAsync("/v1/chat/completions", Answers.Ask("free"))).Status);
            return statuses;
        }
    }
}
