using Milliways.Dialects.Chat;

namespace Milliways.Upstreams;

/// <summary>
/// Stands before an upstream whose process we look after ourselves: waits until it is ready, keeps requests away that have killed it, and knows
/// who is inside when it dies.
/// </summary>
internal interface IUpstreamGuard
{
    /// <summary>Waits for readiness; the stay ends when the attempt has ended.</summary>
    ValueTask<Reading<IUpstreamStay>> EnterAsync(ReadOnlyMemory<byte> body, CancellationToken cancel);
}

/// <summary>One request inside; disposal says that it has left.</summary>
internal interface IUpstreamStay : IDisposable
{
    /// <summary>Completes when the process that was entered is gone and another one is on its way.</summary>
    Task Gone { get; }

    /// <summary>The answer broke: if the process turns out to have died, this request was inside.</summary>
    void Broke();
}
