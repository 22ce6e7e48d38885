using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting;

/// <summary>The bounds of the running server's web server (contract, "HTTP bounds"). What they do on the wire is Kestrel's; that they are set is ours.</summary>
public sealed class KestrelSetupTests
{
    [Fact]
    public async Task Slow_heads_and_slow_bodies_are_cut_off_and_slow_readers_are_not()
    {
        await using var server = await TestServer.StartAsync();
        var limits = server.Service<IOptions<KestrelServerOptions>>().Value.Limits;

        Assert.Equal(TimeSpan.FromSeconds(15), limits.RequestHeadersTimeout);
        Assert.Equal((240, TimeSpan.FromSeconds(5)), (limits.MinRequestBodyDataRate!.BytesPerSecond, limits.MinRequestBodyDataRate.GracePeriod));
        Assert.Null(limits.MinResponseDataRate);
        Assert.Null(limits.MaxRequestBodySize);
        Assert.Equal((8 << 10, 100, 32 << 10), (limits.MaxRequestLineSize, limits.MaxRequestHeaderCount, limits.MaxRequestHeadersTotalSize));
    }

    /// <summary>With a rate that nobody reaches, so that nobody has to wait for the bound that is shipped.</summary>
    [Fact]
    public async Task A_body_that_comes_too_slowly_is_refused_and_reaches_nobody()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""", more: services => services.Configure<KestrelServerOptions>(
            kestrel => kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(double.MaxValue, TimeSpan.FromSeconds(1.1))));
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"model\":");

        Assert.Equal(400, (await client.HeadAsync()).Status);
        Assert.Contains("did not arrive whole", await client.RestTextAsync(), StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }
}
