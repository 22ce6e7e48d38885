namespace Milliways.Plant;

/// <summary>A small defect, and the test that must notice it.</summary>
/// <param name="Name">Also the name of its switch.</param>
/// <param name="Claim">What is wrong then.</param>
/// <param name="Test">Namespace, class and method.</param>
/// <param name="Replacements">Where it stands.</param>
internal sealed record Fault(string Name, string Claim, string Test, IReadOnlyList<Replacement> Replacements)
{
    /// <summary>The project of the test: the namespaces of tests begin with its name.</summary>
    public string Project => Test.StartsWith("Milliways.Dialects.Tests.", StringComparison.Ordinal) ? "Milliways.Dialects.Tests" : "Milliways.Tests";

    /// <summary>How a fault's code asks for its switch.</summary>
    public string Switch => $"Planted.Is(\"{Name}\")";
}

/// <summary>Whole lines of one file that become others.</summary>
internal sealed record Replacement(string File, string Old, string New)
{
    /// <summary>The text with the new lines, or null when the old ones do not stand in it exactly once.</summary>
    public string? Apply(string text)
    {
        var (lines, old) = ("\n" + text, "\n" + Old + "\n");
        var at = lines.IndexOf(old, StringComparison.Ordinal);
        if (at < 0 || lines.IndexOf(old, at + 1, StringComparison.Ordinal) >= 0)
            return null;
        return string.Concat(lines.AsSpan(1, at), New, lines.AsSpan(at + old.Length - 1));
    }
}
