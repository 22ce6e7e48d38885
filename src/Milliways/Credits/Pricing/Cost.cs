using Milliways.Catalogue;
using Milliways.Dialects.Chat;

namespace Milliways.Credits.Pricing;

/// <summary>Tokens times price. Everything is whole numbers, summed in 128 bits and rounded up to a tick at one place, here.</summary>
internal static class Cost
{
    private const long Million = 1_000_000;

    /// <summary>What the price is multiplied with is given in hundredths.</summary>
    private const int Hundred = 100;

    /// <summary>What an answer costs, in ticks.</summary>
    /// <param name="price">Of the model that answered.</param>
    /// <param name="usage">What it used.</param>
    /// <param name="images">Images that were made.</param>
    /// <param name="percent">The team's price in percent of the list's.</param>
    public static long Of(ModelPrice price, in ChatUsage usage, long images = 0, int percent = Hundred)
    {
        var far = price.LongContext is { } tier && usage.TotalInput > tier.Above ? tier : null;
        var tokens = (Int128)usage.Input * (far?.Input ?? price.Input)
            + (Int128)usage.CacheRead * (far?.CachedInput ?? price.CachedInput)
            + (Int128)usage.CacheWrite * (far?.CacheWrite ?? price.CacheWrite)
            + (Int128)usage.Output * (far?.Output ?? price.Output);
        var pieces = ((Int128)images * price.PerImage) + ((Int128)usage.Calls * price.PerCall);
        return RoundUp((tokens + (pieces * Million)) * percent, (Int128)Million * Hundred);
    }

    /// <summary>The most that so much can cost: every prompt token at the dearest price there is.</summary>
    public static long Bound(ModelPrice price, long inputTokens, long outputTokens, long images = 0, long calls = 0, int percent = Hundred)
    {
        var tokens = ((Int128)inputTokens * price.DearestInput) + ((Int128)outputTokens * price.DearestOutput);
        var pieces = ((Int128)images * price.PerImage) + ((Int128)calls * price.PerCall);
        return RoundUp((tokens + (pieces * Million)) * percent, (Int128)Million * Hundred);
    }

    /// <summary>How many output tokens an amount pays for.</summary>
    public static long TokensFor(ModelPrice price, long ticks, int percent = Hundred)
    {
        if (ticks <= 0)
            return 0;
        var perToken = (Int128)price.DearestOutput * percent;
        return perToken == 0 ? long.MaxValue : (long)Int128.Min((Int128)ticks * Million * Hundred / perToken, long.MaxValue);
    }

    private static long RoundUp(Int128 amount, Int128 unit) => (long)Int128.Min((amount + unit - 1) / unit, Money.Most);
}
