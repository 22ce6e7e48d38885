using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>An answer that has reached its content commit: from here on only this attempt can finish it.</summary>
internal sealed class CommittedAnswer(IRelay relay, UpstreamCall? call, IUpstreamStay? stay) : IAsyncDisposable
{
    public IRelay Relay => relay;

    /// <summary>Null when the answer was made without an upstream.</summary>
    public UpstreamCall? Call => call;

    /// <summary>Where the answer comes from a process of ours: the request's stay there.</summary>
    public IUpstreamStay? Stay => stay;

    /// <summary>What the relay wrote before the commit; the runner sends it first.</summary>
    public PooledWriter Held { get; } = new();

    public async ValueTask DisposeAsync()
    {
        Held.Dispose();
        if (call is not null)
            await call.DisposeAsync();
        stay?.Dispose();
    }
}
