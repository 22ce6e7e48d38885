using Milliways.Hosting.Configuration;

namespace Milliways.Credits.Grants;

/// <summary>The bonus on purchases.</summary>
internal static class Bonus
{
    /// <summary>A purchase of that day (UTC) gets it.</summary>
    public static bool Covers(PurchaseBonusConfig rule, DateTimeOffset purchase)
    {
        var day = DateOnly.FromDateTime(purchase.UtcDateTime);
        return !(day < rule.From) && !(day > rule.To);
    }

    /// <summary>In ticks, rounded down.</summary>
    public static long Of(PurchaseBonusConfig rule, long purchase) => checked((long)((Int128)purchase * rule.Percent / 100));

    /// <summary>A purchase gets one bonus, whoever gives it and however often.</summary>
    public static string Rule(Guid purchase) => $"bonus:{purchase:N}";
}
