using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>No row of the list is forgotten, and no test cites one that does not exist.</summary>
public sealed partial class ReportedBugsTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", ".."));

    private static readonly HashSet<string> Cited =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "ReportedBugs.cs")
            .SelectMany(file => Ids().Matches(File.ReadAllText(file)).Select(match => match.Value)),
    ];

    private static readonly bool HasResponses = Directory.Exists(Path.Combine(Root, "tests", "Milliways.Dialects.Tests", "OpenAiResponses"));

    [Fact]
    public void Every_reported_bug_has_a_test_or_a_reason()
    {
        var open = ReportedBugs.Due(HasResponses).Where(id => !Cited.Contains(id) && !ReportedBugs.NotOurs.ContainsKey(id)).ToList();
        Assert.True(open.Count == 0, "neither tested nor explained: " + string.Join(", ", open));
    }

    [Fact]
    public void Every_id_that_is_cited_is_in_the_list() => Assert.Empty(Cited.Except(ReportedBugs.Due(withResponses: true)));

    [Fact]
    public void A_reason_is_given_only_where_there_is_no_test() => Assert.Empty(ReportedBugs.NotOurs.Keys.Intersect(Cited));

    [GeneratedRegex(@"\b(?:BLK|CHK|ARG|RES|TID|CNT|PAR|STR|THK|USG|ERR|DIS|SSE|RSP)-\d\d\b")]
    private static partial Regex Ids();

    private static string Here([CallerFilePath] string path = "") => path;
}
