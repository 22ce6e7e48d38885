namespace Milliways.Catalogue;

/// <summary>What a model's tokens cost from a moment on. Amounts are ticks for a million tokens, whole numbers: nothing is rounded before the sum is made.</summary>
internal sealed record ModelPrice
{
    public static ModelPrice Free { get; } = new();

    /// <summary>The first moment it counts; null: always has.</summary>
    public DateTimeOffset? From { get; init; }

    public long Input { get; init; }

    public long CachedInput { get; init; }

    /// <summary>Prompt tokens that are written to a cache.</summary>
    public long CacheWrite { get; init; }

    /// <summary>Every token that is made, reasoning included.</summary>
    public long Output { get; init; }

    /// <summary>Prompt tokens of images, where they have a price of their own.</summary>
    public long ImageInput { get; init; }

    /// <summary>Ticks for one image that is made.</summary>
    public long PerImage { get; init; }

    /// <summary>Ticks for one call of a tool that runs at the upstream, such as a search.</summary>
    public long PerCall { get; init; }

    /// <summary>What counts for the whole request once its prompt is long; null: nothing else does.</summary>
    public LongContextPrice? LongContext { get; init; }

    public bool IsFree => Input == 0 && CachedInput == 0 && CacheWrite == 0 && Output == 0 && ImageInput == 0 && PerImage == 0 && PerCall == 0;

    /// <summary>The dearest that a prompt token can be.</summary>
    public long DearestInput
    {
        get
        {
            var usual = Math.Max(Math.Max(Input, CachedInput), Math.Max(CacheWrite, ImageInput));
            return LongContext is { } far ? Math.Max(usual, Math.Max(far.Input, far.CacheWrite)) : usual;
        }
    }

    public long DearestOutput => Math.Max(Output, LongContext?.Output ?? 0);

    /// <summary>The price in the unit of xAI's model lists: US cents for 100 million tokens, so 50000 is 5 dollars a million (xai-api 1.10).</summary>
    public static long Listed(long ticksPerMillion) => ticksPerMillion / 1_000_000;

    /// <summary>Dollars for a million tokens, as price lists have them.</summary>
    public static ModelPrice FromDollars(decimal input, decimal cachedInput, decimal output, decimal? cacheWrite = null, decimal image = 0) => new()
    {
        Input = Ticks(input), CachedInput = Ticks(cachedInput), Output = Ticks(output), CacheWrite = Ticks(cacheWrite ?? input), ImageInput = Ticks(image),
    };

    /// <summary>An amount of dollars in ticks; what is finer than a tick is rounded up.</summary>
    public static long Ticks(decimal dollars) => (long)decimal.Ceiling(dollars * Credits.Money.TicksPerDollar);
}

/// <summary>Prices of a request whose prompt has more than <paramref name="Above"/> tokens, cached ones included; ticks for a million tokens.</summary>
internal sealed record LongContextPrice(long Above, long Input, long CachedInput, long CacheWrite, long Output);

/// <summary>A model's prices over time.</summary>
/// <param name="Periods">In the order of their beginnings.</param>
internal sealed record PriceList(IReadOnlyList<ModelPrice> Periods)
{
    public static PriceList Free { get; } = new([ModelPrice.Free]);

    public PriceList(ModelPrice only) : this([only]) { }

    /// <summary>The price at a moment, or null before the first one.</summary>
    public ModelPrice? At(DateTimeOffset time)
    {
        for (var i = Periods.Count - 1; i >= 0; i--)
            if (Periods[i].From is not { } from || from <= time)
                return Periods[i];
        return null;
    }
}
