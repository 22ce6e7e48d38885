using Milliways.Routing;
using Milliways.Routing.Health;
using Milliways.Upstreams;

namespace Milliways.Tests.Support;

/// <summary>Attempts at upstreams that nobody calls, for tests of what stands before a call.</summary>
internal static class Attempts
{
    private static readonly HttpMessageInvoker Silent = new(new SocketsHttpHandler());

    public static Attempt Of(string upstream, string model = "m", int weight = 1, BreakerSettings? breaker = null, int? retries = null) =>
        new(new Upstream(upstream, UpstreamDialect.OpenAiChat, UpstreamAddress.Parse("http://127.0.0.1:1/v1"), Silent) { Breaker = breaker, Retries = retries }, model)
        {
            Weight = weight,
        };

    public static Route Weighted(params int[] weights) =>
        new([.. weights.Select((weight, i) => Of($"u{i}", weight: weight))]) { Order = RouteOrder.Weighted };

    public static HealthBoard Board(TimeProvider? time = null) => new(time ?? new ManualTime(), new ListLog<HealthBoard>());
}
