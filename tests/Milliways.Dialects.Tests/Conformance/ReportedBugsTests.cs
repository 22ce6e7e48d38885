using System.Runtime.CompilerServices;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>No row of the list is forgotten, and no test cites one that does not exist.</summary>
public sealed class ReportedBugsTests
{
    private static readonly string Tests = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    private static readonly List<string> Sources =
    [
        .. Directory.EnumerateFiles(Tests, "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) != "Conformance" || Path.GetFileName(file) is not ("ReportedBugs.cs" or "ReportedBugsTests.cs"))
            .Select(File.ReadAllText),
    ];

    private static readonly HashSet<string> Cited = [.. Sources.SelectMany(Citations.AtTests)];

    [Fact]
    public void Every_reported_bug_has_a_test_or_a_reason()
    {
        var open = ReportedBugs.All.Where(id => !Cited.Contains(id) && !ReportedBugs.NotOurs.ContainsKey(id)).ToList();
        Assert.True(open.Count == 0, "neither tested nor explained: " + string.Join(", ", open));
    }

    [Fact]
    public void Every_id_that_is_mentioned_is_in_the_list() => Assert.Empty(Sources.SelectMany(Citations.Mentioned).Except(ReportedBugs.All));

    [Fact]
    public void A_reason_is_given_only_where_there_is_no_test() => Assert.Empty(ReportedBugs.NotOurs.Keys.Intersect(Cited));

    [Theory]
    [InlineData("    [Fact]\n    public void A() // BLK-01\n    {\n    }\n", "BLK-01")]
    [InlineData("    // BLK-01\n    [Theory]\n    [InlineData(1)] // BLK-02\n    public void A(int a) =>\n        B(); // BLK-03\n", "BLK-01 BLK-02 BLK-03")]
    [InlineData("    [Theory, MemberData(nameof(Rows))]\n    public void A(int a) => B();\n\n    public static TheoryData<int> Rows => [1]; // BLK-01\n", "BLK-01")]
    [InlineData("    private static readonly int[] All = // BLK-01\n        [1];\n\n    public static TheoryData<int> Rows => [.. All];\n\n    [Theory]\n    [MemberData(nameof(Rows))]\n    public void A(int a) => B();\n", "BLK-01")]
    [InlineData("    private static readonly int[] All = // BLK-01\n        [1];\n\n    [Fact]\n    public void A() => B();\n", "")]
    [InlineData("    private int _a; // BLK-01\n\n    [Fact]\n    public void A() => B();\n\n    /// <summary>BLK-02</summary>\n    private void B() { }\n", "")]
    [InlineData("/// <summary>BLK-01</summary>\npublic class C\n{\n    // BLK-02\n\n    [Fact]\n    public void A() => B();\n}\n", "")]
    public void An_id_counts_at_a_test_and_nowhere_else(string source, string expected) => Assert.Equal(expected, string.Join(' ', Citations.AtTests(source)));

    private static string Here([CallerFilePath] string path = "") => path;
}
