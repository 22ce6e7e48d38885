namespace Milliways.Plant;

/// <summary>Reads <c>faults.txt</c>, whose head describes its form, and plants it.</summary>
internal static class FaultList
{
    public const string Path = "tests/Plant/faults.txt";

    /// <exception cref="FormatException">A line that means nothing; the message names it.</exception>
    public static List<Fault> Read(string text)
    {
        var faults = new List<Fault>();
        var (file, number) = ("", 0);
        var (old, planted) = (new List<string>(), new List<string>());
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (planted.Count > 0 && !line.StartsWith('+'))
                Close();
            if (line.StartsWith("== ", StringComparison.Ordinal))
                faults.Add(new Fault(line[3..], "", "", new List<Replacement>()));
            else if (line.Length == 0 || line[0] == '#')
                continue;
            else if (faults.Count == 0)
                throw new FormatException($"{Path}, line {number}: a fault begins with ==.");
            else if (line.StartsWith("test ", StringComparison.Ordinal))
                faults[^1] = faults[^1] with { Test = line[5..] };
            else if (line.StartsWith("file ", StringComparison.Ordinal))
                file = line[5..];
            else if (line[0] == '-')
                old.Add(line[1..]);
            else if (line[0] == '+' && old.Count > 0)
                planted.Add(line[1..]);
            else if (faults[^1].Claim.Length == 0)
                faults[^1] = faults[^1] with { Claim = line };
            else
                throw new FormatException($"{Path}, line {number}: this is neither a test nor a file nor a line of one: {line}");
        }
        if (planted.Count > 0)
            Close();
        return faults;

        void Close()
        {
            faults[^1] = faults[^1] with { Replacements = [.. faults[^1].Replacements, new Replacement(file, string.Join('\n', old), string.Join('\n', planted))] };
            old.Clear();
            planted.Clear();
        }
    }

    /// <summary>Every file with all of its faults in it. What does not fit any more is named in <paramref name="misfits"/>.</summary>
    /// <param name="faults">All of them, in their order.</param>
    /// <param name="read">Gives a file's text by its path from the root; null when there is none.</param>
    /// <param name="misfits">One line for each replacement whose old lines do not stand in their file exactly once.</param>
    public static Dictionary<string, string> Plant(IEnumerable<Fault> faults, Func<string, string?> read, out List<string> misfits)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        misfits = [];
        foreach (var fault in faults)
            foreach (var replacement in fault.Replacements)
            {
                var text = files.GetValueOrDefault(replacement.File) ?? read(replacement.File);
                if (text is not null && replacement.Apply(text) is { } planted)
                    files[replacement.File] = planted;
                else
                    misfits.Add($"{fault.Name} does not fit: these lines do not stand in {replacement.File} exactly once:\n{replacement.Old}");
            }
        return files;
    }
}
