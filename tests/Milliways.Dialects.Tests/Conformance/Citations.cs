using System.Text.RegularExpressions;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>
/// Finds ids of reported bugs in the source of tests. Everywhere they are mentioned; cited they are only at a test: in the comments above it, in its attributes
/// and data rows, or inside it, and in the data that it names.
/// </summary>
internal static partial class Citations
{
    public static IEnumerable<string> Mentioned(string source) => Ids().Matches(source).Select(match => match.Value);

    public static IEnumerable<string> AtTests(string source)
    {
        var members = Members(source);
        var tests = members.Where(member => Test().IsMatch(member)).ToList();
        var named = tests.SelectMany(test => Data().Matches(test).Select(match => match.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);
        var data = members.Where(member => named.Contains(NameOf(member))).ToList();
        // Rows are often made of a table beside them, which the rows then name.
        var tables = members.Where(member => NameOf(member) is { Length: > 0 } name && data.Exists(row => row != member && Regex.IsMatch(row, $@"\b{name}\b")));
        return tests.Concat(data).Concat(tables).Distinct().SelectMany(Mentioned);
    }

    /// <summary>The members of classes with what stands right above them: a member begins on the level of members behind an empty line or the class's brace.</summary>
    private static List<string> Members(string source)
    {
        var (members, isOpen) = (new List<string>(), true);
        foreach (var line in source.ReplaceLineEndings("\n").Split('\n'))
        {
            if (isOpen && MemberStart().IsMatch(line) || members.Count == 0)
                members.Add("");
            members[^1] += line + "\n";
            isOpen = line.Length == 0 || line == "{";
        }
        return members;
    }

    /// <summary>The name of a static field or property; nothing for any other member.</summary>
    private static string NameOf(string member) => StaticData().Match(member).Groups[1].Value;

    [GeneratedRegex(@"\b(?:BLK|CHK|ARG|RES|TID|CNT|PAR|STR|THK|USG|ERR|DIS|SSE|RSP)-\d\d\b")]
    private static partial Regex Ids();

    [GeneratedRegex(@"^    \[(?:Fact|Theory|Property)\b", RegexOptions.Multiline)]
    private static partial Regex Test();

    [GeneratedRegex(@"MemberData\(nameof\((\w+)\)")]
    private static partial Regex Data();

    [GeneratedRegex(@"^    (?:public|private|internal) static [^=(\n]*?\b(\w+)(?: \{ get; \})?(?: =|\n)", RegexOptions.Multiline)]
    private static partial Regex StaticData();

    [GeneratedRegex(@"^    [^\s{}]")]
    private static partial Regex MemberStart();
}
