namespace Milliways.Upstreams.Connections;

/// <summary>A request to an upstream.</summary>
internal sealed class UpstreamRequest(HttpMethod method, Uri address) : HttpRequestMessage(method, address)
{
    /// <summary>It is sent for the second time, because a connection that had lain idle was dead: another of that kind may be dead as well. The platform's handler does not know of this.</summary>
    public bool WantsNewConnection { get; init; }
}
