using Milliways.Hosting;
using Milliways.Hosting.Configuration;

namespace Milliways.Upstreams;

/// <summary>Environment alone is enough for the common case: <c>XAI_API_KEY</c> makes the preset <c>xai</c>, <c>XAI_BASE_URL</c> moves it.</summary>
internal static class EnvironmentUpstreams
{
    public static IEnumerable<UpstreamConfig> Read(Func<string, string?> environment, IReadOnlyList<UpstreamConfig> configured, List<string> warnings)
    {
        foreach (var preset in Presets.Everything)
        {
            if (configured.Any(upstream => upstream.Name == preset.Name))
                continue;
            var key = NullIfEmpty(environment($"{preset.Variable}_API_KEY"));
            var baseUrl = NullIfEmpty(environment($"{preset.Variable}_BASE_URL"));
            // A moved base alone makes an upstream too: servers on one's own machine need no key.
            if (key is null && (baseUrl is null || preset.Name is "xai" or "anthropic"))
                continue;
            if (baseUrl is null && preset.BaseUrl is null)
            {
                warnings.Add($"{preset.Variable}_API_KEY is set, but not {preset.Variable}_BASE_URL: every customer of {preset.Name} has an address of his own");
                continue;
            }
            if (baseUrl is not null && !UpstreamAddress.TryParse(baseUrl, out _))
                throw new UserErrorException($"{preset.Variable}_BASE_URL is \"{baseUrl}\", which is no http or https address: correct or unset it.", ExitCode.Usage);
            yield return new UpstreamConfig(preset.Name) { Preset = preset.Name, ApiKey = key, BaseUrl = baseUrl is null ? null : WithVersion(baseUrl, preset) };
        }
    }

    /// <summary>
    /// True for <c>OPENAI_BASE_URL</c> and its like pointing somewhere else than the preset: nobody can know that server's model names beforehand,
    /// so every name that no other upstream serves is tried there.
    /// </summary>
    public static bool IsMovedByEnvironment(UpstreamConfig config, Preset? preset) =>
        preset is not null && config.Name == preset.Name && config.Models.Count == 0 && config.BaseUrl is not null
        && preset.Dialect == UpstreamDialect.OpenAiChat && preset.Name != "xai";

    /// <summary>
    /// OpenAI's SDKs are given their base with <c>/v1</c> at its end (contract, "Upstreams and keys"): where the preset's own base ends so, a bare host can
    /// only mean that path on it. A base with any path stays as it was written.
    /// </summary>
    private static string WithVersion(string baseUrl, Preset preset) =>
        preset.Dialect == UpstreamDialect.OpenAiChat && preset.BaseUrl?.EndsWith("/v1", StringComparison.Ordinal) == true
            && UpstreamAddress.TryParse(baseUrl, out var address) && address.BasePath.Length == 0
            ? address.Origin + "/v1"
            : baseUrl;

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
