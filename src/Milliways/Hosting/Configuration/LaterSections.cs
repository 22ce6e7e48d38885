using System.Text.Json;

namespace Milliways.Hosting.Configuration;

/// <summary>
/// Names of the configuration that this version reads but does not act on, so that one file serves every version.
/// Each that is used is told at start: silence would let an operator believe in a bound that is not there.
/// </summary>
internal static class LaterSections
{
    private static readonly string[] Root = ["logs"];

    public static void Read(ConfigSection root, List<string> warnings)
    {
        var used = Root.Where(name => Known(root, name)).ToList();
        if (used.Count > 0)
            warnings.Add($"{string.Join(", ", used)}: read, but not acted on by this version; no request is logged");
    }

    private static bool Known(ConfigSection section, string name) => section.Has(name) && section.Node.Kind == JsonValueKind.Object;
}
