using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>The bytes that the bodies of all open requests of a server may take together (design §4, "Memory").</summary>
/// <param name="most">The bound; one body alone fits always.</param>
internal sealed class BodyBudget(long most)
{
    /// <summary>A quarter of the memory the process may use.</summary>
    public static long OfProcess { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    private readonly long _most = Math.Max(RequestBody.MostBytes, most);
    private long _held;

    /// <summary>The bytes that are taken.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>Takes a share before the memory is taken; what was taken is given back by <see cref="Release"/> in any case.</summary>
    public Failure? Reserve(Exchange exchange, long bytes)
    {
        exchange.HeldBytes += bytes;
        return Interlocked.Add(ref _held, bytes) <= _most
            ? null
            : new Failure(FailureKind.Overloaded, FailureParty.Gateway, "body", "The server holds too many large requests at the moment: try again shortly.")
            {
                RetryAfterSeconds = 1,
            };
    }

    /// <summary>Gives an exchange's whole share back.</summary>
    public void Release(Exchange exchange)
    {
        Interlocked.Add(ref _held, -exchange.HeldBytes);
        exchange.HeldBytes = 0;
    }
}
