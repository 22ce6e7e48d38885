using System.Text.Json;

namespace Milliways.Gateway.Calls;

/// <summary>
/// <c>cf-aig-custom-cost</c> (cloudflare 3.13): what a caller says that its call costs, in dollars. It is for the caller's own books, the log: who sends a
/// request cannot set its price, so no charge is ever made by it.
/// </summary>
internal sealed record CustomCost
{
    public decimal? PerTokenIn { get; init; }

    public decimal? PerTokenOut { get; init; }

    /// <summary>Null: as <see cref="PerTokenIn"/>.</summary>
    public decimal? PerCacheReadToken { get; init; }

    /// <summary>Null: as <see cref="PerTokenIn"/>.</summary>
    public decimal? PerCacheWriteToken { get; init; }

    /// <summary>For the whole call; then tokens do not matter.</summary>
    public decimal? TotalCost { get; init; }

    public static CustomCost? Read(string? header)
    {
        if (header is null or { Length: > 4096 })
            return null;
        try
        {
            using var document = JsonDocument.Parse(header);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            var cost = new CustomCost
            {
                PerTokenIn = Amount(document.RootElement, "per_token_in"),
                PerTokenOut = Amount(document.RootElement, "per_token_out"),
                PerCacheReadToken = Amount(document.RootElement, "per_cache_read_token"),
                PerCacheWriteToken = Amount(document.RootElement, "per_cache_write_token"),
                TotalCost = Amount(document.RootElement, "total_cost"),
            };
            return cost == new CustomCost() ? null : cost;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Dollars; null when tokens decide and no price of a token was given.</summary>
    /// <param name="input">Prompt tokens that were neither read from nor written to a cache.</param>
    public decimal? Of(long input, long cacheRead, long cacheWrite, long output)
    {
        if (TotalCost is { } total)
            return total;
        if (PerTokenIn is null && PerTokenOut is null && PerCacheReadToken is null && PerCacheWriteToken is null)
            return null;
        var perIn = PerTokenIn ?? 0;
        return (input * perIn) + (cacheRead * (PerCacheReadToken ?? perIn)) + (cacheWrite * (PerCacheWriteToken ?? perIn)) + (output * (PerTokenOut ?? 0));
    }

    private static decimal? Amount(JsonElement cost, string name) =>
        cost.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount) && amount is >= 0 and <= 1_000_000 ? amount : null;
}
