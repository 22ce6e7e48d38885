using Milliways.Dialects.Chat;

namespace Milliways.Upstreams;

/// <summary>
/// Stands before an upstream whose process we look after ourselves: waits until it is ready, keeps requests away that have killed it, and knows
/// who is inside when it dies.
/// </summary>
internal interface IUpstreamGuard
{
    /// <summary>Waits for readiness; the stay ends when the attempt has ended.</summary>
    ValueTask<Reading<IDisposable>> EnterAsync(ReadOnlyMemory<byte> body, CancellationToken cancel);
}
