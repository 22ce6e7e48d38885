using System.Globalization;

namespace Milliways.Credits;

/// <summary>Money is a whole number of ticks, 10^-10 US dollar, xAI's own unit (design §1); no floating point ever touches it.</summary>
internal static class Money
{
    public const long TicksPerDollar = 10_000_000_000;

    /// <summary>The largest amount that a text may name: 100 million dollars, so that no sum of a team overflows.</summary>
    public const long Most = 100_000_000 * TicksPerDollar;

    /// <summary>Reads <c>25.00</c>, <c>-0.5</c> or <c>1e</c>-free decimals of at most ten places; false for anything else or beyond <see cref="Most"/>.</summary>
    public static bool TryParse(string text, out long ticks)
    {
        ticks = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var dollars))
            return false;
        if (Math.Abs(dollars) > Most / TicksPerDollar || decimal.Round(dollars, 10) != dollars)
            return false;
        ticks = (long)(dollars * TicksPerDollar);
        return true;
    }

    /// <summary>Dollars in ticks, rounded up and at most <see cref="Most"/>.</summary>
    public static long OfDollars(decimal dollars) => (long)decimal.Ceiling(Math.Min(dollars, Most / TicksPerDollar) * TicksPerDollar);

    /// <summary>Dollars with at least two and at most ten decimals: <c>25.00</c>, <c>-0.0000050000</c> as <c>-0.000005</c>.</summary>
    public static string Format(long ticks) => ((decimal)ticks / TicksPerDollar).ToString("0.00########", CultureInfo.InvariantCulture);
}
