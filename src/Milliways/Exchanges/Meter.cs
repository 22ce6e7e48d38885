using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// Counts what an answer used, in passing: the upstream's last cumulative usage if it sent any, and the bytes of text that went by, from which the rest is
/// estimated (contract, "Usage of cut, abandoned or unreported answers").
/// </summary>
internal sealed class Meter
{
    /// <summary>Nobody is charged: the texts that go by need no counting.</summary>
    public bool IsIdle { get; init; }

    public ChatUsage Usage { get; private set; }

    public UsageSource Source { get; private set; }

    /// <summary>UTF-8 bytes of text, reasoning and arguments that went by.</summary>
    public long TextBytes { get; private set; }

    public void Report(in ChatUsage usage)
    {
        // Some servers send all-zero usage on every chunk: that says nothing (dialects 4.11).
        if (usage.IsZero)
            return;
        (Usage, Source) = (usage, UsageSource.Reported);
    }

    public void Count(long textBytes) => TextBytes += textBytes;
}
