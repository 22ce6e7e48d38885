using System.Globalization;
using Milliways.Credits;

namespace Milliways.Billing;

/// <summary>US cents, for those who count in them: invoices and xAI's billing API. A cent is 100,000,000 ticks.</summary>
internal static class Cents
{
    public const long Ticks = Money.TicksPerDollar / 100;

    /// <summary>To the nearest cent; half a cent away from zero.</summary>
    public static long Of(long ticks) => (long)decimal.Round((decimal)ticks / Ticks, 0, MidpointRounding.AwayFromZero);

    /// <summary>So much percent of an amount, rounded as above.</summary>
    public static long Percent(long cents, decimal percent) => (long)decimal.Round(cents * percent / 100, 0, MidpointRounding.AwayFromZero);

    /// <summary>Dollars with two decimals.</summary>
    public static string Format(long cents) => ((decimal)cents / 100).ToString("0.00", CultureInfo.InvariantCulture);
}
