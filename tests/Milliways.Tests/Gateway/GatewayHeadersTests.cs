using Microsoft.AspNetCore.Http;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Settings;

namespace Milliways.Tests.Gateway;

/// <summary>Every request header of cloudflare 2.1, its bounds, and who wins (2.3).</summary>
public sealed class GatewayHeadersTests
{
    [Fact]
    public void Every_header_is_read()
    {
        var read = Read(
            ("cf-aig-skip-cache", "true"), ("cf-aig-cache-ttl", "300"), ("cf-aig-cache-key", "k"), ("cf-aig-metadata", """{"a":"b"}"""), ("cf-aig-custom-cost", """{"total_cost":0.5}"""),
            ("cf-aig-request-timeout", "1000"), ("cf-aig-max-attempts", "5"), ("cf-aig-retry-delay", "60000"), ("cf-aig-backoff", "exponential"), ("cf-aig-collect-log", "False"),
            ("cf-aig-collect-log-payload", "false"), ("cf-aig-event-id", "e"), ("cf-aig-byok-alias", "prod"), ("cf-aig-zdr", "true"), ("cf-aig-no-wholesale", "true"),
            ("cf-aig-otel-trace-id", new string('A', 32)), ("cf-aig-otel-parent-span-id", new string('0', 16)), ("cf-aig-session-id", "s"), ("cf-aig-turn-id", "t"),
            ("cf-aig-no-session-affinity", "true"), ("cf-aig-allowed-models", "a/*, b/c"), ("cf-aig-allowed-providers", "openai"));
        Assert.Equal((true, 300, "k", """{"a":"b"}""", 0.5m), (read.SkipCache, read.CacheTtl, read.CacheKey, read.Metadata?.Json, read.CustomCost?.TotalCost));
        Assert.Equal((1000, 5, 60_000, Backoff.Exponential), (read.RequestTimeout, read.MaxAttempts, read.RetryDelay, read.Backoff));
        Assert.Equal((false, false, "e", "prod", true, true), (read.CollectLog, read.CollectLogPayload, read.EventId, read.ByokAlias, read.Zdr, read.NoWholesale));
        Assert.Equal((new string('a', 32), new string('0', 16), "s", "t", true), (read.OtelTraceId, read.OtelParentSpanId, read.SessionId, read.TurnId, read.NoSessionAffinity));
        Assert.Equal(["a/*", "b/c"], read.AllowedModels!);
        Assert.Equal(["openai"], read.AllowedProviders!);
        Assert.Equal((true, 120), (Read(("cf-skip-cache", "true"), ("cf-cache-ttl", "120")).SkipCache, Read(("cf-cache-ttl", "120")).CacheTtl));
    }

    [Theory]
    [InlineData("cf-aig-cache-ttl", "59")]
    [InlineData("cf-aig-cache-ttl", "2678401")]
    [InlineData("cf-aig-max-attempts", "0")]
    [InlineData("cf-aig-max-attempts", "6")]
    [InlineData("cf-aig-retry-delay", "60001")]
    [InlineData("cf-aig-retry-delay", "-1")]
    [InlineData("cf-aig-request-timeout", "0")]
    [InlineData("cf-aig-request-timeout", "1.5")]
    [InlineData("cf-aig-backoff", "Linear")]
    [InlineData("cf-aig-otel-trace-id", "zz")]
    [InlineData("cf-aig-metadata", "[1]")]
    [InlineData("cf-aig-metadata", "{}")]
    [InlineData("cf-aig-custom-cost", """{"per_token_in":-1}""")]
    [InlineData("cf-aig-custom-cost", """{"per_token_in":"1"}""")]
    public void A_value_that_is_none_is_as_good_as_not_sent(string header, string value) => Assert.Equal(Read(), Read((header, value)));

    [Fact]
    public void A_ttl_of_0_is_kept_it_switches_off() => Assert.Equal(0, Read(("cf-aig-cache-ttl", "0")).CacheTtl);

    [Fact]
    public void A_steps_headers_stand_above_the_requests_and_cannot_allow_what_that_forbids()
    {
        var (request, step) = (Read(("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "10"), ("cf-aig-no-wholesale", "true")), Read(("cf-aig-max-attempts", "4"), ("cf-aig-no-wholesale", "false")));
        Assert.Equal((4, 10, true), (request.Under(step).MaxAttempts, request.Under(step).RetryDelay, request.Under(step).NoWholesale));
        Assert.Equal(request, request.Under(Read()));
    }

    [Theory]
    [InlineData("""{"a":1,"b":true,"c":"x","d":1.50,"e":false,"f":"sixth"}""", """{"a":1,"b":true,"c":"x","d":1.50,"e":false}""")]
    [InlineData("""{"cf.user":"x","a":"b"}""", """{"a":"b"}""")]
    [InlineData("""{"a":null,"b":1}""", null)]
    [InlineData("""{"a":[1],"b":1}""", null)]
    [InlineData("""{"a":1,"b":1,"c":1,"d":1,"e":1,"f":null}""", null)]
    public void Metadata_keeps_five_flat_entries_or_none(string header, string? kept) => Assert.Equal(kept, LogMetadata.Parse(header)?.Json);

    [Theory]
    [InlineData("""{"per_token_in":0.000001,"per_token_out":0.000002}""", "0.00035")]
    [InlineData("""{"per_token_in":0.000001,"per_token_out":0.000002,"per_cache_read_token":0.0000005}""", "0.000325")]
    [InlineData("""{"total_cost":0.0000000000001}""", "0.0000000000001")]
    public void A_custom_cost_is_made_of_tokens_or_stated_whole(string header, string dollars) =>
        Assert.Equal(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture), CustomCost.Read(header)!.Of(input: 100, cacheRead: 50, cacheWrite: 0, output: 100));

    private static GatewayHeaders Read(params (string Name, string Value)[] headers)
    {
        var all = new HeaderDictionary();
        foreach (var (name, value) in headers)
            all[name] = value;
        return GatewayHeaders.Read(all);
    }
}
