using System.Text.Json;
using Milliways.Exchanges;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>One server between one caller and one upstream that plays the faults, on a clock of its own.</summary>
internal sealed class FaultBench : IAsyncDisposable
{
    private const string Timeouts = """{ "firstByte": "20s", "idle": "25s", "total": "10h" }""";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly Caller _caller;
    private readonly Wire _wire;
    private readonly ManualTime _clock = new();
    private readonly FakeUpstream _upstream = new();
    private readonly NoTls _tls = new();
    private TestServer _server = null!;

    private FaultBench(Caller caller, Wire wire) => (_caller, _wire) = (caller, wire);

    public static async Task<FaultBench> StartAsync(Caller caller, Wire wire)
    {
        var bench = new FaultBench(caller, wire);
        bench._server = await TestServer.StartAsync($$"""
            { "upstreams": {
                "lab": {{wire.Config(bench._upstream.Url, Timeouts)}},
                "refused": {{wire.Config($"http://127.0.0.1:{Ports.ClosedPort()}", Timeouts)}},
                "nowhere": {{wire.Config("http://no-such-host.invalid", Timeouts)}},
                "tls": {{wire.Config(bench._tls.Url, Timeouts)}} } }
            """, bench._clock);
        return bench;
    }

    public async Task CheckAsync(Fault fault, bool streamed)
    {
        var (before, seen) = (_upstream.Received.Count, new Gate());
        if (fault.OnUsedConnection)
            await CloseAfterAsync();
        _upstream.Standing = turn =>
        {
            turn.KeepsConnection = false; // the next cell begins with a connection of its own
            return fault.Play(Turn(turn, streamed, seen));
        };
        await using var client = await RawClient.ConnectAsync(_server);
        await client.PostAsync(_caller.Path(_server), _caller.Ask($"{fault.Upstream}/m", streamed));
        var reading = ReadAsync(client, seen);
        if (fault.SilentAt is { } waiting)
        {
            await SilenceAsync(waiting, before).Soon();
            await _clock.RunUntilAsync(reading, Step);
        }
        var (head, body) = await reading.Soon();
        Verify(fault.Expect(_wire, streamed), streamed, head, body, client.End);
        Assert.Equal(fault.Requests, _upstream.Received.Count - before);
        Assert.Equal("1", head.Header("x-milliways-attempts"));
    }

    /// <summary>The request has arrived and the gateway waits for what will not come; before that, time would be another fault's.</summary>
    private Task SilenceAsync(Waiting waiting, int before) => Task.Run(async () =>
    {
        var open = _server.Service<OpenExchanges>();
        while (_upstream.Received.Count == before || !open.All().Any(exchange => exchange.Waiting == waiting))
            await Task.Yield();
    });

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _upstream.DisposeAsync();
        _tls.Dispose();
    }

    private FaultTurn Turn(UpstreamTurn turn, bool streamed, Gate seen) => new(_wire, streamed, turn, _clock, _server.Service<OpenExchanges>(), seen);

    /// <param name="client">Has asked.</param>
    /// <param name="seen">Opens when the caller has the head, which goes out with the first word.</param>
    private static async Task<(RawHead Head, byte[] Body)> ReadAsync(RawClient client, Gate seen)
    {
        var head = await client.HeadAsync();
        seen.Open();
        return (head, await client.RestAsync());
    }

    private void Verify(Expected expected, bool streamed, RawHead head, byte[] body, WireEnd? end)
    {
        switch (expected)
        {
            case Expected.Good good:
                Assert.True(head.Status == 200, $"{head.Status}: {System.Text.Encoding.UTF8.GetString(body)}");
                Assert.Equal(WireEnd.Proper, end);
                VerifyGood(good, Read(streamed, head, body));
                break;
            case Expected.Refused refused:
                // With a sign of life the status is out: the error is an event then, and the connection torn.
                if (head.Status == 200)
                {
                    Assert.True(streamed, "an answer was given");
                    VerifyTorn(Read(streamed, head, body), finish: false, end);
                    break;
                }
                Assert.Equal((refused.Mapped ? _caller.StatusOf(refused.Status) : refused.Status, refused.Failed), (head.Status, head.Header("x-milliways-failed")));
                Assert.Equal("application/json", head.Header("Content-Type"));
                if (refused.RetryAfter is not null)
                    Assert.Equal(refused.RetryAfter, head.Header("Retry-After"));
                _caller.CheckError(JsonDocument.Parse(body).RootElement, head.Status);
                Assert.DoesNotContain(TestServer.UpstreamKey, System.Text.Encoding.UTF8.GetString(body), StringComparison.Ordinal);
                break;
            case Expected.Torn torn:
                Assert.Equal(200, head.Status);
                VerifyTorn(Read(streamed, head, body), torn.Finish, end);
                break;
        }
    }

    private Told Read(bool streamed, RawHead head, byte[] body)
    {
        Assert.Equal(streamed ? "text/event-stream" : "application/json", head.Header("Content-Type"));
        return streamed ? _caller.ReadStream(CallerFrames.Of(body)) : _caller.ReadWhole(JsonDocument.Parse(body.AsMemory(body.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0)).RootElement);
    }

    private void VerifyGood(Expected.Good good, Told told)
    {
        Assert.Null(told.Error);
        Assert.True(told.Ended, "no terminal event");
        Assert.Equal(good.Tools ? _caller.Stops.Tools : _caller.Stops.End, told.Stop);
        Assert.Equal(good.Tools ? "" : "Hi, 生命!", told.Text);
        var expected = good.Tools ? new[] { """get_weather {"city":"Z\u00FCrich"}""", """get_time {"zone":"CET"}""" } : [];
        Assert.Equal(expected, told.Calls.Select(call => call.ToString()));
        Assert.Equal(told.Calls.Count, told.Calls.Select(call => call.Id).Distinct().Count());
        if (good.Usage)
            Assert.Equal((12, 7), (told.Input, told.Output));
        else if (_caller.Dialect != _wire.Dialect)
            // What is written anew is clamped; bytes that go through are the upstream's.
            Assert.All(new[] { told.Input ?? 0, told.Output ?? 0 }, count => Assert.InRange(count, 0, 3_000_000_000_000));
    }

    private void VerifyTorn(Told told, bool finish, WireEnd? end)
    {
        Assert.NotEqual(WireEnd.Proper, end);
        Assert.False(told.Ended, "a terminal event");
        Assert.True(finish || told.Stop is null, $"a finish: {told.Stop}");
        Assert.True(told.Error is not null, "no error event");
        _caller.CheckStreamError(told.Error.Value);
    }

    /// <summary>A good answer, and behind it the upstream closes the connection in the moment it is used again.</summary>
    private async Task CloseAfterAsync()
    {
        // A whole answer: it was read to its end before its caller has it, so that its connection lies idle by then. Of a stream the last chunk may still be on its way.
        _upstream.Then(turn => Turn(turn, streamed: false, new Gate()).GoodAsync());
        _upstream.Then(turn =>
        {
            turn.Finish();
            return Task.CompletedTask;
        });
        await using var client = await RawClient.ConnectAsync(_server);
        await client.PostAsync(_caller.Path(_server), _caller.Ask("lab/m", false));
        await ReadAsync(client, new Gate()).Soon();
    }
}
