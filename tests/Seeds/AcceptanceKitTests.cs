using System.Text.RegularExpressions;
using Milliways.EndToEnd.Support;

namespace Milliways.Seeds;

/// <summary>The black-box acceptance kit against a running server with the embedded engine. It is not part of this repository and may not be there.</summary>
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

    [Fact]
    public async Task Everything_but_what_is_beyond_the_engine_is_as_the_kit_wants_it()
    {
        Assert.SkipUnless(File.Exists(Repository.AcceptanceKit), "The acceptance kit is not beside this repository (../shared/accept/run.sh).");
        await using var server = await MilliwaysProcess.StartAsync();
        await server.EngineReadyAsync();
        var finished = await Program.RunAsync("bash", [Repository.AcceptanceKit, "--area", Areas], new Dictionary<string, string?>
        {
            ["MW_BASE"] = server.Base,
            ["MW_KEY"] = server.Key,
            ["MW_ACCOUNT"] = server.Account,
        }, within: TimeSpan.FromMinutes(6));

        var checks = Line().Matches(finished.Output).Select(match => (Status: match.Groups[1].Value, Name: match.Groups[2].Value, Text: match.Value)).ToList();
        Assert.True(checks.Count > 50, finished.ToString());
        Assert.Equal($"{checks.Count(check => check.Status == "ok")} passed, {checks.Count(check => check.Status == "FAIL")} failed, {checks.Count(check => check.Status == "skip")} skipped",
            finished.Output.TrimEnd().Split('\n')[^1]);
        var unexpected = checks.Where(check => check.Status == "FAIL" && !BeyondTheEngine.Contains(check.Name)).Select(check => check.Text).ToList();
        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected));
        Assert.Equal(BeyondTheEngine, checks.Where(check => check.Status == "FAIL").Select(check => check.Name).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("^(ok|FAIL|skip) +(.+?) \u2014 .*$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
