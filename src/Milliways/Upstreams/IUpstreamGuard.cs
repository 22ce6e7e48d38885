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

/// <summary>A request inside. Who is inside when the process dies is remembered.</summary>
internal interface IUpstreamStay : IDisposable
{
    /// <summary>
    /// After a broken connection: returns when the death of the process has been noticed, or when it has become clear that it lives. The system tears
    /// connections before it tells of a death; a request that left in between would not be remembered, and one that came back would meet the dead.
    /// </summary>
    Task SettleAsync();
}
