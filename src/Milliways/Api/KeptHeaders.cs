namespace Milliways.Api;

/// <summary>The headers that belong to an answer itself and are given out with it when it is read later: who answered, at which try, what was dropped.</summary>
internal static class KeptHeaders
{
    private const string Ours = "x-milliways-";

    public static string Of(IHeaderDictionary headers) =>
        string.Join('\n', headers.Where(header => header.Key.StartsWith(Ours, StringComparison.OrdinalIgnoreCase)).Select(header => $"{header.Key}: {header.Value}"));

    public static void Restore(string lines, IHeaderDictionary headers)
    {
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon)
                headers[line[..colon]] = line[(colon + 2)..];
    }
}
