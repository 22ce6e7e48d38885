using Milliways.Limits;

namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>credits</c>. Amounts are ticks.</summary>
internal sealed record CreditsConfig
{
    /// <summary>Null: no monthly grant.</summary>
    public MonthlyGrantConfig? MonthlyGrant { get; init; } = new();

    public PurchaseBonusConfig? PurchaseBonus { get; init; }

    /// <summary>What a team without an allowance of its own may owe.</summary>
    public long Postpaid { get; init; }

    /// <summary>Whether management keys that the operator made may add credit by xAI's <c>prepaid/top-up</c>.</summary>
    public bool TopUp { get; init; }

    public Durability Durability { get; init; } = Durability.Disk;
}

/// <summary>Credit that every team gets once in each calendar month of a time zone.</summary>
internal sealed record MonthlyGrantConfig
{
    public long Amount { get; init; } = 25 * Credits.Money.TicksPerDollar;

    /// <summary>The first day it is given, in the time zone; null: always has been.</summary>
    public DateOnly? From { get; init; }

    /// <summary>The last day; null: for ever.</summary>
    public DateOnly? To { get; init; }

    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;
}

/// <summary>The same again for those who buy.</summary>
internal sealed record PurchaseBonusConfig
{
    public int Percent { get; init; } = 100;

    public DateOnly? From { get; init; }

    public DateOnly? To { get; init; }

    /// <summary>Purchases in the period that were made before the rule was there get it too, once.</summary>
    public bool Retroactive { get; init; }
}

/// <summary>What a charge survives once it counts: loss of power, or the end of the process.</summary>
internal enum Durability { Disk, Process }

/// <summary>The section <c>limits</c>: what holds for every team, key and gateway without limits of its own.</summary>
internal sealed record LimitsConfig
{
    public LimitSet PerTeam { get; init; } = LimitSet.None;

    public LimitSet PerKey { get; init; } = LimitSet.None;

    /// <summary>Of what comes through one of a team's gateways.</summary>
    public LimitSet PerGateway { get; init; } = LimitSet.None;
}
