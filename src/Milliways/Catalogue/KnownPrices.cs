using static Milliways.Catalogue.ModelPrice;

namespace Milliways.Catalogue;

/// <summary>
/// List prices of OpenAI's, Anthropic's and Google's models in dollars for a million tokens (anomalyco/models.dev, July 2026). They hold where the makers
/// themselves serve the name; what another host takes for it is the operator's to say, and a <c>prices</c> entry outranks them anywhere.
/// </summary>
internal static class KnownPrices
{
    private static readonly Dictionary<string, PriceList> All = new[]
    {
        Price("claude-3-haiku", 0.25m, 0.03m, 1.25m, write: 0.3m), Price("claude-3-sonnet", 3, 0.3m, 15, write: 3.75m),
        Price("claude-3-opus", 15, 1.5m, 75, write: 18.75m), Price("claude-3-5-sonnet", 3, 0.3m, 15, write: 3.75m),
        Price("claude-3-7-sonnet", 3, 0.3m, 15, write: 3.75m), Price("claude-sonnet-4", 3, 0.3m, 15, write: 3.75m),
        Price("claude-sonnet-4-5", 3, 0.3m, 15, write: 3.75m), Price("claude-opus-4", 15, 1.5m, 75, write: 18.75m),
        Price("claude-opus-4-1", 15, 1.5m, 75, write: 18.75m), Price("claude-opus-4-5", 5, 0.5m, 25, write: 6.25m),
        Price("claude-haiku-4-5", 1, 0.1m, 5, write: 1.25m), Price("claude-opus-4-6", 5, 0.5m, 25, write: 6.25m),
        Price("claude-opus-4-7", 5, 0.5m, 25, write: 6.25m), Price("claude-opus-4-8", 5, 0.5m, 25, write: 6.25m),
        Price("claude-sonnet-4-6", 3, 0.3m, 15, write: 3.75m), Price("claude-sonnet-5", 2, 0.2m, 10, write: 2.5m),
        Price("claude-fable-5", 10, 1, 50, write: 12.5m), Price("gpt-3.5-turbo", 0.5m, 0.5m, 1.5m), Price("gpt-4", 30, 30, 60),
        Price("gpt-4-turbo", 10, 10, 30), Price("gpt-4o", 2.5m, 1.25m, 10), Price("gpt-4o-mini", 0.15m, 0.075m, 0.6m), Price("gpt-4.1", 2, 0.5m, 8),
        Price("gpt-4.1-mini", 0.4m, 0.1m, 1.6m), Price("gpt-4.1-nano", 0.1m, 0.025m, 0.4m), Price("gpt-5", 1.25m, 0.125m, 10),
        Price("gpt-5-mini", 0.25m, 0.025m, 2), Price("gpt-5-nano", 0.05m, 0.005m, 0.4m), Price("gpt-5-pro", 15, 15, 120),
        Price("gpt-5-codex", 1.25m, 0.125m, 10), Price("gpt-5.1", 1.25m, 0.125m, 10), Price("gpt-5.1-codex", 1.25m, 0.125m, 10),
        Price("gpt-5.1-codex-mini", 0.25m, 0.025m, 2), Price("gpt-5.1-codex-max", 1.25m, 0.125m, 10), Price("gpt-5.2", 1.75m, 0.175m, 14),
        Price("gpt-5.2-pro", 21, 21, 168), Price("gpt-5.2-codex", 1.75m, 0.175m, 14), Price("gpt-5.3-codex", 1.75m, 0.175m, 14),
        Price("gpt-5.4", 2.5m, 0.25m, 15, far: (272000, 5, 0.5m, 22.5m)), Price("gpt-5.4-pro", 30, 30, 180, far: (272000, 60, 60, 270)),
        Price("gpt-5.4-mini", 0.75m, 0.075m, 4.5m), Price("gpt-5.4-nano", 0.2m, 0.02m, 1.25m), Price("gpt-5.5", 5, 0.5m, 30, far: (272000, 10, 1, 45)),
        Price("gpt-5.5-pro", 30, 30, 180, far: (272000, 60, 60, 270)), Price("gpt-5.1-chat", 1.25m, 0.125m, 10),
        Price("gpt-5.2-chat", 1.75m, 0.175m, 14), Price("gpt-5.3-chat", 1.75m, 0.175m, 14), Price("o1", 15, 7.5m, 60), Price("o1-pro", 150, 150, 600),
        Price("o3", 2, 0.5m, 8), Price("o3-mini", 1.1m, 0.55m, 4.4m), Price("o3-pro", 20, 20, 80), Price("o4-mini", 1.1m, 0.275m, 4.4m),
        Price("gemini-2.0-flash", 0.1m, 0.025m, 0.4m), Price("gemini-2.0-flash-lite", 0.075m, 0.075m, 0.3m),
        Price("gemini-2.5-pro", 1.25m, 0.125m, 10, far: (200000, 2.5m, 0.25m, 15)), Price("gemini-2.5-flash", 0.3m, 0.03m, 2.5m),
        Price("gemini-2.5-flash-lite", 0.1m, 0.01m, 0.4m), Price("gemini-3-pro-preview", 2, 0.2m, 12, far: (200000, 4, 0.4m, 18)),
        Price("gemini-3-flash-preview", 0.5m, 0.05m, 3), Price("gemini-3.1-pro-preview", 2, 0.2m, 12, far: (200000, 4, 0.4m, 18)),
        Price("gemini-3.1-flash-lite", 0.25m, 0.025m, 1.5m), Price("gemini-3.5-flash", 1.5m, 0.15m, 9), Price("gemini-flash", 0.3m, 0.075m, 2.5m),
        Price("gemini-flash-lite", 0.1m, 0.025m, 0.4m),
    }.ToDictionary(row => row.Model, row => row.List);

    /// <param name="model">A name as <see cref="KnownModels"/> has it, without date.</param>
    public static PriceList? Find(string model) => All.GetValueOrDefault(model);

    private static (string Model, PriceList List) Price(
        string model, decimal input, decimal cached, decimal output, decimal? write = null, (long Above, decimal Input, decimal Cached, decimal Output)? far = null) =>
        (model, new PriceList(FromDollars(input, cached, output, write) with
        {
            LongContext = far is { } tier ? new LongContextPrice(tier.Above, Ticks(tier.Input), Ticks(tier.Cached), Ticks(tier.Input), Ticks(tier.Output)) : null,
        }));
}
