using System.Text.RegularExpressions;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>docs/gateway-behaviours.md, and docs/logs.md beside it, names tests that are there, and leaves no row of the acceptance list out.</summary>
public sealed partial class BehaviourTableTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "gateway-behaviours.md"));

    /// <summary>The rows of the reference's lists of what must be right (0.1) and of requests (0.2).</summary>
    private static readonly string[] Rows = [.. Enumerable.Range(1, 9).Select(row => $"0.1.{row}"), .. Enumerable.Range(1, 16).Select(row => $"0.2.{row}")];

    [Fact]
    public void Every_row_of_the_acceptance_lists_has_its_line() => Assert.Equal(Rows, RowNumber().Matches(Page).Select(match => match.Groups[1].Value));

    [Fact]
    public void Every_test_that_the_page_names_is_there()
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories))
        {
            var current = "";
            foreach (var line in File.ReadLines(file))
                if (ClassName().Match(line) is { Success: true } type)
                    current = type.Groups[1].Value;
                else if (MethodName().Match(line) is { Success: true } method)
                    there.Add($"{current}.{method.Groups[1].Value}");
        }
        var named = TestName().Matches(Page + File.ReadAllText(Path.Combine(Repository.Root, "docs", "logs.md"))).Select(match => match.Groups[1].Value).ToList();
        Assert.True(named.Count > 90, "The page names hardly any test.");
        Assert.Empty(named.Except(there));
    }

    [Fact]
    public void Every_line_of_a_table_names_a_test_or_says_why_there_is_none() => Assert.All(
        Page.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal) && !Heading().IsMatch(line) && !Reason().IsMatch(line)),
        line => Assert.Matches(TestName(), line));

    [GeneratedRegex(@"^\| (0\.\d\.\d+) \|", RegexOptions.Multiline)]
    private static partial Regex RowNumber();

    [GeneratedRegex(@"`([A-Z]\w*Tests\.[A-Z]\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\bclass (\w+Tests)\b")]
    private static partial Regex ClassName();

    [GeneratedRegex(@"^    public (?:async )?(?:Task|void|bool|Property) (\w+)\(")]
    private static partial Regex MethodName();

    [GeneratedRegex(@"^\| (row|behaviour|client|feature) \|")]
    private static partial Regex Heading();

    /// <summary>What is left out says so, and what cannot be here needs no test.</summary>
    [GeneratedRegex(@"\| left out: |^\| (x402|Logpush|Auto Router)")]
    private static partial Regex Reason();
}
