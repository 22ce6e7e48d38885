namespace Milliways.Hosting.Configuration;

/// <summary>"Did you mean ...?" for a name nobody knows.</summary>
internal static class NearestName
{
    /// <summary>A sentence's tail naming the closest of the known names, or nothing when none is close.</summary>
    public static string Hint(string name, IEnumerable<string> known)
    {
        var best = known.Select(candidate => (candidate, distance: Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .OrderBy(pair => pair.distance)
            .FirstOrDefault();
        return best.candidate is not null && best.distance <= Math.Max(2, name.Length / 3) ? $"; did you mean \"{best.candidate}\"?" : "";
    }

    /// <summary>Levenshtein's distance: single-character edits between two texts.</summary>
    private static int Distance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(current[j - 1] + 1, previous[j] + 1), previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = current;
        }
        return previous[b.Length];
    }
}
