using System.Text;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Tests.Hosting;

/// <summary>What the configuration says of routes and breakers, and every way of saying it wrong.</summary>
public sealed class RoutingConfigurationTests
{
    private static (MilliwaysConfig Config, IReadOnlyList<string> Problems) Read(string upstream, string model)
    {
        var reader = new ConfigReader("m.json", _ => null, _ => throw new FileNotFoundException());
        var config = reader.Read(Encoding.UTF8.GetBytes($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:1/v1" {{upstream}} } },
              "models": { "m": { {{model}} } } }
            """));
        return (config, [.. reader.Problems.Select(problem => problem.ToString())]);
    }

    private static string Attempts(params string[] more) =>
        "\"attempts\": [" + string.Join(',', more.Select(one => $$"""{ "upstream": "lab", "model": "x" {{one}} }""")) + "]";

    [Fact]
    public void What_is_said_is_read_and_what_is_not_said_is_usual()
    {
        var (config, problems) = Read(
            """, "retries": 1, "breaker": { "failures": 9, "window": "1m", "open": "500ms" }""",
            Attempts(", \"weight\": 9", "") + """, "order": "weighted", "retries": 4, "holdBackTokens": 16, "hedgeAfter": "800ms" """);

        Assert.Empty(problems);
        Assert.Equal((new BreakerSettings(9, TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(500)), 1), (config.Upstreams[0].Breaker, config.Upstreams[0].Retries));
        Assert.Equal(new RouteConfig { Order = RouteOrder.Weighted, Retries = 4, HoldBackTokens = 16, HedgeAfter = TimeSpan.FromMilliseconds(800) }, config.Models[0].Route);
        Assert.Equal([9, 1], config.Models[0].Attempts.Select(attempt => attempt.Weight));
        Assert.Empty(config.Warnings);

        (config, problems) = Read("", Attempts(""));
        Assert.Empty(problems);
        Assert.Equal((BreakerSettings.Usual, null), (config.Upstreams[0].Breaker, config.Upstreams[0].Retries));
        Assert.Equal(new RouteConfig(), config.Models[0].Route);

        Assert.Null(Read(", \"breaker\": null", Attempts("")).Config.Upstreams[0].Breaker);
        Assert.Equal(BreakerSettings.Usual with { Open = TimeSpan.FromSeconds(3) }, Read(", \"breaker\": { \"open\": \"3s\" }", Attempts("")).Config.Upstreams[0].Breaker);
    }

    [Theory]
    [InlineData(", \"retries\": -1", "", "upstreams.lab.retries: must be a whole number from 0 to 20")]
    [InlineData(", \"breaker\": { \"failures\": 0 }", "", "upstreams.lab.breaker.failures: must be a whole number from 1")]
    [InlineData(", \"breaker\": { \"window\": \"5ms\" }", "", "upstreams.lab.breaker.window: must be from \"100ms\" to \"1h\"")]
    [InlineData(", \"breaker\": { \"opened\": \"5s\" }", "", "upstreams.lab.breaker.opened: is not known here; did you mean \"open\"?")]
    [InlineData(", \"breaker\": false", "", "upstreams.lab.breaker: must be an object")]
    [InlineData("", ", \"order\": \"leastlatency\"", "models.m.order: \"leastlatency\" is not one of priority, weighted, leastLatency; did you mean \"leastLatency\"?")]
    [InlineData("", ", \"retries\": \"2\"", "models.m.retries: must be a whole number")]
    [InlineData("", ", \"holdBackTokens\": 5000", "models.m.holdBackTokens: must be a whole number from 0 to 4096")]
    [InlineData("", ", \"hedgeAfter\": 800", "models.m.hedgeAfter: must be a text")]
    [InlineData("", ", \"hedgeAfter\": \"0s\"", "models.m.hedgeAfter: must be more than nothing")]
    [InlineData("", ", \"hedgeAfter\": \"1s\"", "models.m.hedgeAfter: needs a second attempt")]
    public void What_is_wrong_is_told_with_its_remedy(string upstream, string model, string problem)
    {
        var problems = Read(upstream, Attempts("") + model).Problems;
        Assert.Contains(problems, told => told.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Weights_of_nothing_and_routes_of_aliases_are_told_together()
    {
        Assert.Contains(Read("", Attempts(", \"weight\": 0", ", \"weight\": 0") + ", \"order\": \"weighted\"").Problems, told => told.Contains("every weight is 0", StringComparison.Ordinal));
        Assert.Contains(Read("", Attempts(", \"weight\": -1")).Problems, told => told.Contains("models.m.attempts[0].weight: must be a whole number from 0 to 1000000", StringComparison.Ordinal));
        var problems = Read("", "\"alias\": \"lab/x\", \"order\": \"weighted\", \"retries\": 1").Problems;
        Assert.Equal(2, problems.Count);
        Assert.Contains(problems, told => told.Contains("models.m.order: means nothing beside \"alias\"", StringComparison.Ordinal));
    }
}
