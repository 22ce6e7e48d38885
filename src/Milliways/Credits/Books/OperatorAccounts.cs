namespace Milliways.Credits.Books;

/// <summary>The operator's accounts of the books; money comes from them and goes to them.</summary>
internal static class OperatorAccounts
{
    /// <summary>What teams were charged, and what the operator bears of answers, at list prices.</summary>
    public const string Revenue = "operator:revenue";

    /// <summary>Credit given away: monthly, promotional, bonuses.</summary>
    public const string Grants = "operator:grants";

    /// <summary>Credit that was paid for.</summary>
    public const string Cash = "operator:cash";

    /// <summary>What was left of grants at their end.</summary>
    public const string Expired = "operator:expired";

    /// <summary>What answers cost beyond what their teams had held.</summary>
    public const string Overrun = "operator:overrun";

    /// <summary>What attempts cost whose output nobody got.</summary>
    public const string Discarded = "operator:discarded";

    public const string Adjustments = "operator:adjustments";
}
