using Milliways.Limits;

namespace Milliways.Catalogue;

/// <summary>
/// Models that ship in the catalogue (xai-api 4.1, 4.2; bounds of answers, inputs and prices of long prompts as anomalyco/models.dev has them). An operator's
/// <c>models</c> entry overrides what it names. Prices are dollars for a million tokens.
/// </summary>
internal static class BuiltInModels
{
    public static readonly IReadOnlyList<CatalogueModel> All =
    [
        Language("grok-beta", 131072, 4096, 5, 5, 15) with { Limits = Windows(1, 60, 1200) },
        Language("grok-vision-beta", 8192, 4096, 5, 5, 15, image: 5) with { Limits = Windows(1, 3, 60) },
        Language("grok-2-1212", 131072, 8192, 2, 2, 10) with { Aliases = ["grok-2", "grok-2-latest"] },
        Language("grok-2-vision-1212", 32768, 4096, 2, 2, 10, image: 2) with { Aliases = ["grok-2-vision", "grok-2-vision-latest"] },
        Language("grok-3", 131072, 8192, 3, 0.75m, 15) with { Aliases = ["grok-3-latest", "grok-3-beta"] },
        Language("grok-3-fast", 131072, 8192, 5, 1.25m, 25),
        Language("grok-3-mini", 131072, 8192, 0.30m, 0.075m, 0.50m),
        Language("grok-3-mini-fast", 131072, 8192, 0.60m, 0.15m, 4),
        Language("grok-4-0709", 256000, 64000, 3, 0.75m, 15, image: 3) with { Aliases = ["grok-4", "grok-4-latest"] },
        Language("grok-4-fast-reasoning", 2000000, 30000, 0.20m, 0.05m, 0.50m, image: 0.20m),
        Language("grok-4-fast-non-reasoning", 2000000, 30000, 0.20m, 0.05m, 0.50m, image: 0.20m),
        Language("grok-4-1-fast-reasoning", 2000000, 30000, 0.20m, 0.05m, 0.50m, image: 0.20m),
        Language("grok-4-1-fast-non-reasoning", 2000000, 30000, 0.20m, 0.05m, 0.50m, image: 0.20m),
        Language("grok-4.20-0309-reasoning", 1000000, 30000, 1.25m, 0.20m, 2.50m, image: 1.25m, isTwiceWhenLong: true),
        Language("grok-4.20-0309-non-reasoning", 1000000, 30000, 1.25m, 0.20m, 2.50m, image: 1.25m, isTwiceWhenLong: true),
        Language("grok-4.20-multi-agent-0309", 1000000, 30000, 1.25m, 0.20m, 2.50m, image: 1.25m, isTwiceWhenLong: true),
        Language("grok-4.3", 1000000, 30000, 1.25m, 0.20m, 2.50m, image: 1.25m, isTwiceWhenLong: true),
        Language("grok-code-fast-1", 256000, 10000, 0.20m, 0.02m, 1.50m),
        Language("grok-build-0.1", 256000, 256000, 1, 0.20m, 2, image: 1, isTwiceWhenLong: true),
    ];

    /// <summary>Models that make images; they are in no list of language models.</summary>
    private static readonly IReadOnlyList<CatalogueModel> Images =
    [
        new("grok-2-image-1212")
        {
            Outputs = ["image"], InputsAreKnown = true, Aliases = ["grok-2-image", "grok-2-image-latest"],
            Price = new PriceList(ModelPrice.Free with { PerImage = ModelPrice.Ticks(0.07m) }),
        },
    ];

    /// <summary>Prompts beyond this many tokens cost twice, where they cost more at all.</summary>
    private const long LongPrompt = 200_000;

    /// <summary>The model with this name or alias, or null.</summary>
    public static CatalogueModel? Find(string name) => All.Concat(Images).FirstOrDefault(model => model.Id == name || model.Aliases.Contains(name));

    private static LimitSet Windows(int second, int minute, int hour) => new() { RequestsPerSecond = second, RequestsPerMinute = minute, RequestsPerHour = hour };

    private static CatalogueModel Language(string id, int context, int output, decimal dollarsIn, decimal cached, decimal dollarsOut, decimal image = 0, bool isTwiceWhenLong = false)
    {
        var price = ModelPrice.FromDollars(dollarsIn, cached, dollarsOut, image: image);
        return new(id)
        {
            Context = context,
            MaxOutput = output,
            InputsAreKnown = true,
            Inputs = image > 0 ? ["text", "image"] : ["text"],
            Price = new PriceList(isTwiceWhenLong
                ? price with { LongContext = new LongContextPrice(LongPrompt, 2 * price.Input, 2 * price.CachedInput, 2 * price.CacheWrite, 2 * price.Output) }
                : price),
        };
    }
}
