using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Milliways.EndToEnd.Support;

namespace Milliways.Seeds;

/// <summary>
/// The black-box acceptance kit, which is not part of this repository and may not be there: against a running server with the embedded engine, and with
/// servers of its own between its clients and its upstreams.
/// </summary>
public sealed partial class AcceptanceKitTests
{
    private const string Areas = "seeds,chat,messages,models,embeddings,api-key,tokenize,health";

    /// <summary>
    /// What the small embedded model cannot do and refuses with a clear 400: being made to call a tool, and holding an answer to a schema. Each must
    /// still fail, so that this list cannot outlive its reason.
    /// </summary>
    private static readonly string[] BeyondTheEngine =
    [
        "chat/forced tool call, streamed",
        "chat/forced tool call: valid arguments, finish_reason tool_calls",
        "chat/json_schema: the answer parses and validates",
        "messages/forced tool, streamed",
        "messages/forced tool: input is an object, stop_reason tool_use",
        "seeds/function calling",
    ];

    /// <summary>What the kit checks with servers and upstreams of its own.</summary>
    private static readonly string[] AreasWithUpstreams =
        ["errors", "streams", "crossing", "clients", "responses", "chat", "messages", "completions", "models", "embeddings", "api-key", "tokenize", "health", "limits", "money", "gateway", "grpc"];

    /// <summary>
    /// Each is a run of the kit, the longest first. Errors are tried again with growing waits, which makes minutes of that area: it is run in parts.
    /// </summary>
    private static readonly string[][] Runs =
    [
        .. new[] { "chat", "messages", "responses" }.Select(dialect => new[] { "--area", "errors", "--only", $"errors/{dialect}" }),
        .. AreasWithUpstreams.Where(area => area != "errors").Select(area => new[] { "--area", area }),
        .. new[] { "a", "rules", "the" }.Select(word => new[] { "--area", "errors", "--only", $"errors/{word}" }),
    ];

    /// <summary>They wait more than they work, so as many fit side by side on two cores.</summary>
    private const int AtATime = 4;

    [Fact]
    public async Task Everything_but_what_is_beyond_the_engine_is_as_the_kit_wants_it()
    {
        SkipWithoutKit();
        await using var server = await MilliwaysProcess.StartAsync();
        await server.EngineReadyAsync();
        var finished = await Program.RunAsync("bash", [Repository.AcceptanceKit, "--area", Areas], new Dictionary<string, string?>
        {
            ["MW_BASE"] = server.Base,
            ["MW_KEY"] = server.Key,
            ["MW_ACCOUNT"] = server.Account,
        }, within: TimeSpan.FromMinutes(6));

        var checks = Checks(finished);
        Assert.True(checks.Count > 50, finished.ToString());
        var unexpected = checks.Where(check => check.Status == "FAIL" && !BeyondTheEngine.Contains(check.Name)).Select(check => check.Text).ToList();
        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected));
        Assert.Equal(BeyondTheEngine, checks.Where(check => check.Status == "FAIL").Select(check => check.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task With_upstreams_of_its_own_everything_is_as_the_kit_wants_it()
    {
        SkipWithoutKit();
        // The list first, alone: what is not there yet is installed once, and every check on it must come back.
        var listed = await Program.RunAsync("bash", [Repository.AcceptanceKit, "--list"], within: TimeSpan.FromMinutes(5));
        Assert.True(listed.ExitCode == 0, listed.ToString());
        var (wrong, seen) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        await Parallel.ForEachAsync(Runs, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, async (words, _) =>
        {
            var finished = await Program.RunAsync("bash", [Repository.AcceptanceKit, .. words],
                new Dictionary<string, string?> { ["MW_SERVE"] = $"\"{Repository.Executable}\"", ["MW_BASE"] = null, ["MW_KEY"] = null, ["MW_ACCOUNT"] = null },
                within: TimeSpan.FromMinutes(6));
            var checks = Checks(finished);
            foreach (var check in checks)
                seen.Enqueue(check.Name);
            foreach (var bad in checks.Where(check => check.Status != "ok"))
                wrong.Enqueue(bad.Text);
            if (finished.ExitCode != 0)
                wrong.Enqueue($"{string.Join(' ', words)}: exit code {finished.ExitCode}. {finished.Error}");
        });
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
        var expected = Listed().Matches(listed.Output).Select(match => match.Groups[1].Value).Where(name => AreasWithUpstreams.Contains(name.Split('/')[0]));
        Assert.Equal(expected.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    private static void SkipWithoutKit() =>
        Assert.SkipUnless(File.Exists(Repository.AcceptanceKit), "The acceptance kit is not beside this repository (../shared/accept/run.sh).");

    /// <summary>The lines of a run, which its last line has counted.</summary>
    private static List<(string Status, string Name, string Text)> Checks(Finished finished)
    {
        var checks = Line().Matches(finished.Output).Select(match => (Status: match.Groups[1].Value, Name: match.Groups[2].Value, Text: match.Value)).ToList();
        var last = $"{checks.Count(check => check.Status == "ok")} passed, {checks.Count(check => check.Status == "FAIL")} failed, {checks.Count(check => check.Status == "skip")} skipped";
        Assert.True(finished.Output.TrimEnd().Split('\n')[^1] == last, $"The last line is not \"{last}\". {finished}");
        return checks;
    }

    [GeneratedRegex("^(ok|FAIL|skip) +(.+?) \u2014 .*$", RegexOptions.Multiline)]
    private static partial Regex Line();

    /// <summary>A line of the list: the check, the fact it proves, and whether it needs a server of the kit's own.</summary>
    [GeneratedRegex(@"^(.+) \[[^\]\n]*\](?: \(MW_SERVE\))?$", RegexOptions.Multiline)]
    private static partial Regex Listed();
}
