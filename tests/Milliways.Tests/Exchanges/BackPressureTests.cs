using Milliways.Exchanges;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Exchanges;

/// <summary>A caller that does not read stops its upstream: what stands between is bounded.</summary>
public sealed class BackPressureTests
{
    /// <summary>What four sockets' buffers of the system and ours may hold together.</summary>
    private const long Bound = 24 << 20;

    public static TheoryData<string, string> Ways => new(from caller in Caller.All from wire in Wire.All select (caller.Name, wire.Name));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task While_the_caller_does_not_read_only_a_bounded_number_of_bytes_is_taken_from_the_upstream(string front, string upstream)
    {
        var (caller, wire, clock, sent) = (Caller.All.Single(each => each.Name == front), Wire.Of(upstream), new ManualTime(), 0L);
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            foreach (var frame in wire.Text[..wire.Committed])
                await turn.SendAsync(frame);
            var flood = wire.Text.Single(frame => frame.Contains("生命", StringComparison.Ordinal)).Replace("生命", new string('x', 64 << 10), StringComparison.Ordinal);
            while (true)
            {
                await turn.SendAsync(flood);
                Interlocked.Add(ref sent, flood.Length);
            }
        });
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{wire.Config(lab.Url, "{ \"total\": \"10h\" }")}} } }""", clock);
        await using var client = await RawClient.ConnectAsync(server, receiveBuffer: 4096);
        await client.PostAsync(caller.Path(server), caller.Ask("lab/m", stream: true));
        await client.HeadAsync();
        var open = server.Service<OpenExchanges>();
        var gone = Task.Run(async () =>
        {
            while (open.Count > 0)
                await Task.Yield();
        });

        // A minute without a byte read is its end: until then the upstream has been standing still.
        await clock.RunUntilAsync(gone);

        Assert.InRange(Interlocked.Read(ref sent), 0, Bound);
    }
}
