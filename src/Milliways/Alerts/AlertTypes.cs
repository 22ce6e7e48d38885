namespace Milliways.Alerts;

/// <summary>Everything that is told, and nothing else: the closed list of docs/alerts.md.</summary>
internal static class AlertTypes
{
    /// <summary>A team, or one of its gateways, has spent more in the month than its soft limit.</summary>
    public const string SoftLimit = "spending.soft_limit";

    /// <summary>A request was refused for a team's or a gateway's hard limit.</summary>
    public const string HardLimit = "spending.hard_limit";

    /// <summary>A key has spent a configured percentage of its monthly budget.</summary>
    public const string BudgetThreshold = "key_budget.threshold";

    /// <summary>A request was refused for a key's budget.</summary>
    public const string BudgetExhausted = "key_budget.exhausted";

    /// <summary>What a team can spend has fallen below what the configuration says.</summary>
    public const string CreditLow = "credit.low";

    /// <summary>Nothing is left, or a request was refused because what is left does not cover it.</summary>
    public const string CreditExhausted = "credit.exhausted";

    /// <summary>Credit ends soon that is not used.</summary>
    public const string CreditExpiring = "credit.expiring";

    /// <summary>Answers cost more than was held; the operator bears it.</summary>
    public const string Overrun = "operator.overrun";

    /// <summary>A request was refused because its model has no price.</summary>
    public const string Unpriced = "model.unpriced";

    /// <summary>Of <c>alerts test</c>.</summary>
    public const string Test = "alert.test";

    /// <summary>Those that a target can choose.</summary>
    public static IReadOnlyList<string> All { get; } =
        [SoftLimit, HardLimit, BudgetThreshold, BudgetExhausted, CreditLow, CreditExhausted, CreditExpiring, Overrun, Unpriced];

    /// <summary>Whether a team's own people are told; the rest is the operator's affair.</summary>
    public static bool IsTeams(string type) => type is not (Overrun or Unpriced or Test);
}
