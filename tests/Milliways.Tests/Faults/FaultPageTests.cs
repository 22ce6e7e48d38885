using System.Globalization;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>docs/faults.md says which faults there are and which cells have no sense; here both are compared with the code.</summary>
public sealed class FaultPageTests
{
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
    public void Every_front_and_every_upstream_is_in_the_table() => Assert.Equal(
        Caller.All.Select(caller => caller.Name).Order(),
        typeof(FaultTableTests).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(FaultTableTests))).Select(type => ((FaultTableTests)Activator.CreateInstance(type)!).Front).Order());

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
}
