using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>Counts what an answer used, in passing: the upstream's last cumulative usage if it sent any.</summary>
internal sealed class Meter
{
    public ChatUsage Usage { get; private set; }

    public UsageSource Source { get; private set; }

    public void Report(in ChatUsage usage)
    {
        // Some servers send all-zero usage on every chunk: that says nothing (dialects 4.11).
        if (usage.IsZero)
            return;
        (Usage, Source) = (usage, UsageSource.Reported);
    }
}
