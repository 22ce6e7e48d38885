using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>Who pays for an exchange. It holds a bound before anybody is asked, covers what a stream delivers before it is delivered, and is settled once.</summary>
internal interface IBill
{
    /// <summary>What the answer was charged, in ticks, once it is settled.</summary>
    long Charged { get; }

    /// <summary>What it was charged for: the usage row's numbers, once it is settled.</summary>
    (ChatUsage Usage, UsageSource Source) Settled { get; }

    /// <summary>Makes sure that this much text more is paid for; a failure ends the stream. Nearly always done at once.</summary>
    /// <param name="textBytes">The bytes that are about to be delivered; no token has less than one.</param>
    ValueTask<Failure?> CoverAsync(long textBytes);

    /// <summary>Bytes of text that are paid for as it stands.</summary>
    long Covered { get; }

    /// <summary>The end: completes when the charge is durable or cannot be made so, which <see cref="Conclude"/> tells.</summary>
    ValueTask<long> SettleAsync(Exchange exchange, in Outcome outcome);

    /// <summary>Takes note of what <see cref="SettleAsync"/> has come to, once.</summary>
    /// <param name="settled">Completed.</param>
    /// <returns>Why the charge could not be made durable, if it could not.</returns>
    Failure? Conclude(ValueTask<long> settled);
}
