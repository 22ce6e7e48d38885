using Milliways.Dialects.Chat;
using Milliways.Routing.Health;
using Milliways.Routing.Retries;
using Milliways.Upstreams;

namespace Milliways.Exchanges.Attempts;

/// <summary>An answer that has reached its content commit: from here on only this attempt can finish it.</summary>
internal sealed class CommittedAnswer(IRelay relay, UpstreamCall? call, IUpstreamStay? stay) : IAsyncDisposable
{
    /// <summary>Changes only before the commit, when the answer has another form than the one asked for.</summary>
    public IRelay Relay { get; set; } = relay;

    /// <summary>Null when the answer was made without an upstream.</summary>
    public UpstreamCall? Call => call;

    /// <summary>The health of who answers; null when nobody was asked.</summary>
    public AttemptHealth? Health { get; set; }

    /// <summary>What the relay wrote before the commit; the runner sends it first.</summary>
    public PooledWriter Held { get; } = new();

    /// <summary>Tells those who keep account of the upstream that the answer broke after it had begun.</summary>
    public void Broke(Failure failure)
    {
        stay?.Broke();
        if (FailureRules.Of(failure) == Verdict.Bad)
            Health?.Breaker.Blame();
    }

    public async ValueTask DisposeAsync()
    {
        Held.Dispose();
        if (call is not null)
            await call.DisposeAsync();
        stay?.Dispose();
    }
}
