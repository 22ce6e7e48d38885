using System.Globalization;

namespace Milliways.Catalogue;

/// <summary>
/// Bounds and inputs of other makers' models by name (anomalyco/models.dev, July 2026): what is checked before an upstream is called, and the bound of an
/// answer that Anthropic's dialect cannot leave away (dialects 4.2). They are no list of what is served; their prices stand in <see cref="KnownPrices"/>.
/// </summary>
internal static class KnownModels
{
    private const string Text = "text";
    private const string Seeing = "text image";

    private static readonly CatalogueModel[] All =
    [
        Model("claude-3-haiku", 200000, 4096), Model("claude-3-sonnet", 200000, 4096), Model("claude-3-opus", 200000, 4096),
        Model("claude-3-5-sonnet", 200000, 8192), Model("claude-3-7-sonnet", 200000, 64000),
        // A beta header gives these two a million tokens, so no prompt is refused for its length.
        Model("claude-sonnet-4", null, 64000), Model("claude-sonnet-4-5", null, 64000),
        Model("claude-opus-4", 200000, 32000), Model("claude-opus-4-1", 200000, 32000), Model("claude-opus-4-5", 200000, 64000), Model("claude-haiku-4-5", 200000, 64000),
        Model("claude-opus-4-6", 1000000, 128000), Model("claude-opus-4-7", 1000000, 128000), Model("claude-opus-4-8", 1000000, 128000),
        Model("claude-sonnet-4-6", 1000000, 64000), Model("claude-sonnet-5", 1000000, 128000), Model("claude-fable-5", 1000000, 128000),
        Model("gpt-3.5-turbo", 16385, 4096, Text), Model("gpt-4", 8192, 8192, Text), Model("gpt-4-turbo", 128000, 4096), Model("gpt-4o", 128000, 16384), Model("gpt-4o-mini", 128000, 16384),
        Model("gpt-4.1", 1047576, 32768), Model("gpt-4.1-mini", 1047576, 32768), Model("gpt-4.1-nano", 1047576, 32768),
        Model("gpt-5", 400000, 128000), Model("gpt-5-mini", 400000, 128000), Model("gpt-5-nano", 400000, 128000), Model("gpt-5-pro", 400000, 272000), Model("gpt-5-codex", 400000, 128000),
        Model("gpt-5.1", 400000, 128000), Model("gpt-5.1-codex", 400000, 128000), Model("gpt-5.1-codex-mini", 400000, 128000), Model("gpt-5.1-codex-max", 400000, 128000),
        Model("gpt-5.2", 400000, 128000), Model("gpt-5.2-pro", 400000, 128000), Model("gpt-5.2-codex", 400000, 128000), Model("gpt-5.3-codex", 400000, 128000),
        Model("gpt-5.4", 1050000, 128000), Model("gpt-5.4-pro", 1050000, 128000), Model("gpt-5.4-mini", 400000, 128000), Model("gpt-5.4-nano", 400000, 128000),
        Model("gpt-5.5", 1050000, 128000), Model("gpt-5.5-pro", 1050000, 128000),
        Model("gpt-5.1-chat", 128000, 16384), Model("gpt-5.2-chat", 128000, 16384), Model("gpt-5.3-chat", 128000, 16384),
        Model("o1", 200000, 100000), Model("o1-pro", 200000, 100000), Model("o3", 200000, 100000), Model("o3-mini", 200000, 100000, Text), Model("o3-pro", 200000, 100000), Model("o4-mini", 200000, 100000),
        Model("gemini-2.0-flash", 1048576, 8192), Model("gemini-2.0-flash-lite", 1048576, 8192),
        Model("gemini-2.5-pro", 1048576, 65536), Model("gemini-2.5-flash", 1048576, 65536), Model("gemini-2.5-flash-lite", 1048576, 65536),
        Model("gemini-3-pro-preview", 1048576, 65536), Model("gemini-3-flash-preview", 1048576, 65536), Model("gemini-3.1-pro-preview", 1048576, 65536),
        Model("gemini-3.1-flash-lite", 1048576, 65536), Model("gemini-3.5-flash", 1048576, 65536),
        Model("gemini-flash", 1048576, 65536), Model("gemini-flash-lite", 1048576, 65536),
    ];

    /// <summary>The model with this name, or whose dated or latest form it is; null for what nobody here knows.</summary>
    public static CatalogueModel? Find(string name) => Array.Find(All, model => name == model.Id || (name.StartsWith(model.Id, StringComparison.Ordinal) && IsVersion(name.AsSpan(model.Id.Length))));

    /// <summary><c>-latest</c>, <c>-0</c>, <c>-20250514</c> or <c>-2024-11-20</c>: another word makes another model.</summary>
    private static bool IsVersion(ReadOnlySpan<char> rest) =>
        rest is "-latest" or "-0"
        || (rest is ['-', .. { Length: 8 } day] && int.TryParse(day, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        || (rest is ['-', .. { Length: 10 } date] && DateOnly.TryParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));

    private static CatalogueModel Model(string id, int? context, int output, string inputs = Seeing) => new(id)
    {
        Context = context, MaxOutput = output, Inputs = inputs.Split(' '), InputsAreKnown = true, Created = 0, Price = KnownPrices.Find(id),
    };
}
