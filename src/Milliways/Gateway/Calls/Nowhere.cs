using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>The route of what is answered here.</summary>
internal static class Nowhere
{
    private static readonly Upstream Here = new("milliways", UpstreamDialect.OpenAiChat, UpstreamAddress.Parse("http://localhost"), new HttpMessageInvoker(new SocketsHttpHandler())) { Breaker = null };

    /// <param name="name">What headers and logs call it.</param>
    public static Route Route(string name) => new(new Attempt(Here, name)) { Retries = 0 };
}
