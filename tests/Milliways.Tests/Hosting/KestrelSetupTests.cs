using Microsoft.AspNetCore.Server.Kestrel.Core;
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
}
