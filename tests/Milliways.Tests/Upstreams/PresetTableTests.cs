using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Upstreams;

/// <summary>docs/upstreams.md has the presets as the code has them.</summary>
public sealed class PresetTableTests
{
    private const string Begin = "<!-- presets -->\n";
    private const string End = "<!-- /presets -->";

    [Fact]
    public void The_documents_table_is_the_codes()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "upstreams.md"));
        var start = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;

        Assert.Equal(Table(), page[start..page.IndexOf(End, StringComparison.Ordinal)]);
    }

    private static string Table() => string.Concat(Presets.Everything.Select(Row)
        .Prepend("| --- | --- | --- | --- | --- | --- | --- |\n")
        .Prepend("| preset | environment | address | dialect | key in | served without being listed | gateway's slug |\n"));

    private static string Row(Preset preset) =>
        $"| `{preset.Name}` | `{preset.Variable}_` | {(preset.BaseUrl is { } address ? $"`{address}`" : "yours")} | {Word(preset.Dialect)} | {Word(preset.Auth)} | "
        + $"{string.Join(", ", preset.Models.Select(model => $"`{model}`"))} | `{preset.Provider}` |\n";

    private static string Word(UpstreamDialect dialect) => dialect switch
    {
        UpstreamDialect.OpenAiChat => "openai-chat",
        UpstreamDialect.OpenAiResponses => "openai-responses",
        UpstreamDialect.Anthropic => "anthropic",
        _ => "google",
    };

    private static string Word(AuthStyle auth) => auth switch
    {
        AuthStyle.Bearer => "`Authorization`",
        AuthStyle.XApiKey => "`x-api-key`",
        AuthStyle.ApiKey => "`api-key`",
        _ => "`x-goog-api-key`",
    };
}
