using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;

namespace Milliways.Plant;

/// <summary>What came of some tests.</summary>
/// <param name="Green">Full names of the tests of which every case passed.</param>
/// <param name="Red">Full names of those of which a case failed.</param>
/// <param name="Trouble">Why there is no report, if there is none.</param>
internal sealed record TestRun(IReadOnlySet<string> Green, IReadOnlySet<string> Red, string? Trouble)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Runs the named tests, and no others, with one fault's switch on or none.</summary>
    public static TestRun Of(string program, IEnumerable<string> tests, string? fault, string report)
    {
        File.Delete(report);
        var start = new ProcessStartInfo(program, ["-noColor", "-noLogo", "-xml", report, .. tests.SelectMany(test => (string[])["-method", test])]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[ScratchTree.Variable] = fault ?? "";
        using var run = Process.Start(start)!;
        var (output, errors) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        if (!run.WaitForExit(Limit))
        {
            run.Kill(entireProcessTree: true);
            return None(string.Create(CultureInfo.InvariantCulture, $"it did not end within {Limit.TotalMinutes} minutes"));
        }
        if (!File.Exists(report) || new FileInfo(report).Length == 0)
            return None($"it ended without a report: {output.Result}{errors.Result}");
        var results = XDocument.Load(report).Descendants("test").ToLookup(test => $"{test.Attribute("type")?.Value}.{test.Attribute("method")?.Value}", test => test.Attribute("result")?.Value);
        return new TestRun(
            results.Where(test => test.All(result => result == "Pass")).Select(test => test.Key).ToHashSet(StringComparer.Ordinal),
            results.Where(test => test.Contains("Fail")).Select(test => test.Key).ToHashSet(StringComparer.Ordinal),
            null);
    }

    private static TestRun None(string trouble) => new(new HashSet<string>(), new HashSet<string>(), trouble);
}
