using System.Text.Json;

namespace Milliways.Gateway.Calls;

/// <summary>
/// <c>cf-aig-metadata</c> (cloudflare 3.12): the first five entries of a flat JSON object. A null or nested value drops all of it, keys that begin with
/// <c>cf.</c> are reserved and dropped alone, and what is no object is as good as not sent.
/// </summary>
internal sealed record GatewayMetadata(IReadOnlyList<(string Name, string Json)> Entries)
{
    public const int MostEntries = 5;

    private const int LongestHeader = 16 * 1024;

    public static GatewayMetadata? Read(string? header)
    {
        if (header is null or { Length: > LongestHeader })
            return null;
        try
        {
            using var document = JsonDocument.Parse(header);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            var entries = new List<(string, string)>();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
                    return null;
                if (entries.Count < MostEntries && !member.Name.StartsWith("cf.", StringComparison.Ordinal))
                    entries.Add((member.Name, member.Value.GetRawText()));
            }
            return entries.Count == 0 ? null : new GatewayMetadata(entries);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>As one JSON object.</summary>
    public string ToJson() => $"{{{string.Join(',', Entries.Select(entry => $"\"{JsonEncodedText.Encode(entry.Name)}\":{entry.Json}"))}}}";
}
