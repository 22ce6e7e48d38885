using System.Text;
using Milliways.Hosting.Configuration;
using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Routing;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Limits;

/// <summary>What the configuration says of limits, every way of saying it wrong, and what a change of it leaves alone.</summary>
public sealed class LimitConfigurationTests
{
    private static (MilliwaysConfig Config, IReadOnlyList<string> Problems) Read(string text)
    {
        var reader = new ConfigReader("m.json", _ => null, _ => throw new FileNotFoundException());
        var config = reader.Read(Encoding.UTF8.GetBytes(text));
        return (config, [.. reader.Problems.Select(problem => problem.ToString())]);
    }

    [Fact]
    public void What_is_said_is_read_and_nothing_else_limits()
    {
        var (config, problems) = Read("""
            { "limits": { "perTeam": { "concurrent": 256, "tokensPerMinute": 30000000000 }, "perKey": { "requestsPerSecond": 1, "requestsPerMinute": 60, "requestsPerHour": null }, "perGateway": null },
              "models": { "m": { "limits": { "requestsPerHour": 9, "concurrent": null } }, "n": { "limits": null }, "o": { } } }
            """);
        Assert.Empty(problems);
        Assert.Empty(config.Warnings);
        Assert.Equal(new LimitSet { Concurrent = 256, TokensPerMinute = 30_000_000_000 }, config.Limits.PerTeam);
        Assert.Equal(new LimitSet { RequestsPerSecond = 1, RequestsPerMinute = 60 }, config.Limits.PerKey);
        Assert.True(config.Limits.PerGateway.IsEmpty);
        var (m, n) = (config.Models[0].Limits!, config.Models[1].Limits!);
        Assert.Equal((new LimitSet { RequestsPerHour = 9 }, "concurrent requestsPerHour"), (m.Limits, string.Join(' ', m.Named.Order(StringComparer.Ordinal))));
        Assert.Equal((5, true), (n.Named.Count, n.Limits.IsEmpty));
        Assert.Null(config.Models[2].Limits);
        Assert.Equal(new LimitsConfig(), Read("{}").Config.Limits);
    }

    [Theory]
    [InlineData("""{ "limits": { "perTeem": {} } }""", "m.json:1: limits.perTeem: is not known here; did you mean \"perTeam\"?")]
    [InlineData("""{ "limits": { "perTeam": { "requestPerMinute": 3 } } }""", "m.json:1: limits.perTeam.requestPerMinute: is not known here; did you mean \"requestsPerMinute\"?")]
    [InlineData("""{ "limits": { "perKey": { "requestsPerMinute": 0 } } }""", "m.json:1: limits.perKey.requestsPerMinute: must be a whole number from 1 to 2147483647; null switches the limit off")]
    [InlineData("""{ "limits": { "perKey": { "requestsPerHour": -1 } } }""", "m.json:1: limits.perKey.requestsPerHour: must be a whole number from 1 to 2147483647; null switches the limit off")]
    [InlineData("""{ "limits": { "perKey": { "tokensPerMinute": "100k" } } }""", "m.json:1: limits.perKey.tokensPerMinute: must be a whole number from 1 to 1000000000000; null switches the limit off")]
    [InlineData("""{ "limits": { "perKey": { "concurrent": 1.5 } } }""", "m.json:1: limits.perKey.concurrent: must be a whole number from 1 to 2147483647; null switches the limit off")]
    [InlineData("""{ "limits": [] }""", "m.json:1: limits: must be an object in braces")]
    [InlineData("""{ "models": { "m": { "limits": { "rpm": 3 } } } }""", "m.json:1: models.m.limits.rpm: is not known here")]
    [InlineData("""{ "models": { "m": { "limits": 3 } } }""", "m.json:1: models.m.limits: must be an object in braces")]
    public void What_is_wrong_is_told_with_its_remedy(string text, string problem) => Assert.Equal([problem], Read(text).Problems);

    [Fact]
    public void The_embedded_stand_in_has_none_of_the_catalogues_limits_and_those_that_its_entry_names()
    {
        var engine = new Upstream("engine", UpstreamDialect.OpenAiChat, UpstreamAddress.Parse("http://127.0.0.1:9/v1"), new HttpMessageInvoker(new SocketsHttpHandler())) { Guard = new NoGuard() };
        var (route, limits) = (new Route(new Attempt(engine, "smollm2")), Of("{}"));
        Assert.Empty(limits.Of("grok-beta", route));
        var named = Assert.Single(Of("""{ "models": { "grok-beta": { "limits": { "requestsPerMinute": 7 } } } }""").Of("grok-beta", route));
        Assert.Equal(new ScopedLimits(ScopeName.Model("grok-beta"), new LimitSet { RequestsPerMinute = 7 }), named);

        ModelLimits Of(string config) => new(new LiveRouting(new RoutingTable(Read(config).Config, new UpstreamSet([engine], []), engine, "smollm2", null, null), table => new Router(table)));
    }

    [Fact]
    public async Task A_change_of_the_file_changes_the_limits_and_keeps_what_was_counted()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerHour": 3 } """, """ "alpha": { "limits": { "requestsPerHour": 9 } } """, clock);
        Assert.Equal(3, await server.AdmittedAsync(of: 4));

        await ChangeAsync(""" "perTeam": { "requestsPerHour": 5 } """, """ "alpha": { "limits": { "requestsPerHour": 9 } } """);
        Assert.Equal(2, await server.AdmittedAsync(of: 4));
        await ChangeAsync(""" "perTeam": {} """, """ "alpha": { "limits": { "requestsPerHour": 8 } } """);
        Assert.Equal(3, await server.AdmittedAsync(of: 4));
        await ChangeAsync("", """ "alpha": { "limits": { "requestsPerHour": null } } """);
        Assert.Equal(4, await server.AdmittedAsync(of: 4));

        async Task ChangeAsync(string limits, string models)
        {
            var (state, file) = (server.Service<ConfigState>(), Path.Combine(server.Data, "milliways.json"));
            var changes = state.Changes;
            await File.WriteAllTextAsync(file + ".new", Limited.Config(lab, limits, models));
            File.Move(file + ".new", file, overwrite: true);
            await clock.RunUntilAsync(Task.Run(async () =>
            {
                while (state.Changes == changes)
                    await Task.Yield();
            }), TimeSpan.FromMilliseconds(250));
        }
    }

    private sealed class NoGuard : IUpstreamGuard
    {
        public ValueTask<Milliways.Dialects.Chat.Reading<IUpstreamStay>> EnterAsync(ReadOnlyMemory<byte> body, CancellationToken cancel) => throw new InvalidOperationException();
    }
}
