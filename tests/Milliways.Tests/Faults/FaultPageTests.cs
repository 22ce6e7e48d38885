using System.Globalization;
using System.Text.RegularExpressions;
using Milliways.Api;
using Milliways.Api.Responses;
using Milliways.Exchanges;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;
using Milliways.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>docs/faults.md says which faults there are and which cells have no sense; here both are compared with the code.</summary>
public sealed partial class FaultPageTests
{
    /// <summary>The fronts of the table's callers.</summary>
    private static readonly Type[] Tried = [typeof(ChatFront), typeof(MessagesFront), typeof(ResponsesFront)];

    [Fact]
    public void The_page_has_a_row_for_every_fault() =>
        Assert.Equal(AllFaults.All.Select(fault => fault.Name), Rows("## Faults").Select(row => row[0]));

    [Fact]
    public void The_page_has_a_row_with_the_reason_for_every_missing_cell() =>
        Assert.Equal(string.Join('\n', Missing().Select(cell => $"| {cell.Fault} | {cell.Upstream} | {cell.Way} | {cell.Reason} |")),
            string.Join('\n', Rows("## Cells that are not there").Select(row => $"| {string.Join(" | ", row)} |")));

    [Fact]
    public void Cells_and_reasons_together_are_the_whole_product()
    {
        var product = Caller.All.Count * Wire.All.Count * AllFaults.All.Count * 2;
        var reasons = Rows("## Cells that are not there").Sum(row => row[1] == "every" ? Wire.All.Count : 1) * Caller.All.Count;
        var cells = Caller.All.Sum(_ => Wire.All.Sum(wire => FaultTableTests.CellsOf(wire).Count()));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Fault table: {Caller.All.Count} fronts x {Wire.All.Count} upstreams x {AllFaults.All.Count} faults x 2 = {product}: {cells} cells and {reasons} with a reason."));
        Assert.Equal(product, cells + reasons);
    }

    [Fact]
    public void Every_caller_and_every_upstream_has_its_tests()
    {
        var tests = typeof(FaultTableTests).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(FaultTableTests))).Select(type => (FaultTableTests)Activator.CreateInstance(type)!);
        Assert.Equal(Caller.All.Select(caller => caller.Name).Order(), tests.Select(test => test.Front).Order());
        Assert.Equal(Wire.All.Select(wire => wire.Name), FaultTableTests.Upstreams.Select(row => row.Data));
    }

    [Fact]
    public void Every_front_that_is_not_tried_has_its_reason()
    {
        var fronts = typeof(IFront).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IFront)));
        Assert.Equal(fronts.Except(Tried).Select(type => type.Name).Order(StringComparer.Ordinal), Rows("## Fronts that are not in the table").Select(row => row[0]));
    }

    /// <summary>Compared with what the configuration can name, so that a new dialect, or one that falls out of the table, is noticed.</summary>
    [Fact]
    public void Every_dialect_of_upstreams_is_tried_and_the_engine_has_its_reason()
    {
        Assert.Equal(Enum.GetNames<UpstreamDialect>().Where(name => name != nameof(UpstreamDialect.XaiGrpc)).Order(StringComparer.Ordinal),
            Wire.All.Select(wire => string.Concat(wire.Dialect.Split('-').Select(word => word == "openai" ? "OpenAi" : char.ToUpperInvariant(word[0]) + word[1..]))).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["the embedded engine", "xAI over gRPC"], Rows("## Upstreams that are not in the table").Select(row => row[0]));
    }

    [Fact]
    public void The_tests_that_reasons_name_are_there() => Assert.All(
        TestsNamed().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "faults.md"))).Select(match => match.Groups[1].Value),
        path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));

    private static IEnumerable<(string Fault, string Upstream, string Way, string Reason)> Missing()
    {
        foreach (var fault in AllFaults.All)
            foreach (var streamed in new[] { false, true })
            {
                var reasons = Wire.All.Select(wire => (wire.Name, Reason: fault.Absent(wire, streamed))).Where(cell => cell.Reason is not null).ToList();
                var way = streamed ? "streamed" : "whole";
                if (reasons.Count == Wire.All.Count && reasons.Select(cell => cell.Reason).Distinct().Count() == 1)
                    yield return (fault.Name, "every", way, reasons[0].Reason!);
                else
                    foreach (var (upstream, reason) in reasons)
                        yield return (fault.Name, upstream, way, reason!);
            }
    }

    private static List<string[]> Rows(string heading) =>
    [
        .. File.ReadAllLines(Path.Combine(Repository.Root, "docs", "faults.md"))
            .SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Trim('|', ' ').Split(" | ")),
    ];

    [GeneratedRegex("`(tests/[^`]+)`")]
    private static partial Regex TestsNamed();
}
