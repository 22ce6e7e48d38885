using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>How an exchange ended.</summary>
internal enum Ending { Completed, ClientGone, UpstreamFailed, Refused, Shutdown }

/// <summary>Where the numbers of a usage come from.</summary>
internal enum UsageSource
{
    None,

    /// <summary>By the upstream.</summary>
    Reported,

    /// <summary>By our own engine's tokenizer.</summary>
    Counted,

    /// <summary>One token for three bytes of UTF-8 (contract, "Usage of cut, abandoned or unreported answers").</summary>
    Estimated,
}

/// <summary>What every lease is told, once, when its exchange has ended.</summary>
internal readonly record struct Outcome(Ending Ending, ChatUsage Usage, UsageSource Source, Failure? Failure)
{
    /// <summary>All gates let it in: what it used up counts. False for a refusal, which costs nothing.</summary>
    public bool IsAdmitted { get; init; }

    /// <summary>What attempts used whose output the caller never got: the operator's cost (design §4, "Money").</summary>
    public IReadOnlyList<DiscardedUsage> Discarded { get; init; } = [];
}

/// <summary>Usage that an upstream reported for an answer nobody got.</summary>
internal readonly record struct DiscardedUsage(string Upstream, ChatUsage Usage);
