using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Logs;

/// <summary><c>milliways logs</c> with the built executable, beside a running server and without one.</summary>
public sealed class LogsTests
{
    private const string Ask = """{"model":"nothing","messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task Requests_are_listed_followed_and_shown_beside_a_server_and_listed_without_one()
    {
        string data, request;
        using var folder = new TemporaryFolder();
        await using (var server = await MilliwaysProcess.StartAsync(new Setup { NoEngine = true, Data = data = folder.At("data") }))
        {
            await using var follow = LineProcess.Start(Repository.Executable, ["logs", "follow", "--data", data, "--json", "--status", "404"]);
            // The follower says nothing when it is ready: it is sent to until it has seen one.
            var seen = follow.LineAsync("\"status_code\":404");
            while (!seen.IsCompleted)
            {
                Assert.Equal(404, (int)(await server.Api.PostTextAsync("/v1/chat/completions", Ask)).Status);
                await Task.WhenAny(seen, Task.Delay(100));
            }
            await seen;
            var page = JsonNode.Parse((await RunAsync(0, "list", "--data", data, "--json", "--failed", "--since", "1h", "--model", "nothing", "--limit", "1")).Output)!;
            request = page["entries"]![0]!["request_id"]!.GetValue<string>();
            Assert.Equal((server.Account, "client"), (page["team"]!.GetValue<string>(), page["entries"]![0]!["failed_party"]!.GetValue<string>()));
            Assert.Empty(JsonNode.Parse((await RunAsync(0, "list", "--data", data, "--json", "--until", "1h")).Output)!["entries"]!.AsArray());
            Assert.Contains("POST /v1/chat/completions", (await RunAsync(0, "show", request, "--data", data)).Output, StringComparison.Ordinal);
        }
        Assert.Contains(request, (await RunAsync(0, "list", "--data", data, "--where", $"request_id=contains:{request[8..]}")).Output, StringComparison.Ordinal);
        Assert.Contains("did you mean \"status\"?", (await RunAsync(2, "list", "--data", data, "--where", "statsu=500")).Error, StringComparison.Ordinal);
        Assert.Contains("write KEY=OPERATOR:VALUE", (await RunAsync(2, "list", "--data", data, "--where", "status")).Error, StringComparison.Ordinal);
        Assert.Contains("--since soon is no time", (await RunAsync(2, "list", "--data", data, "--since", "soon")).Error, StringComparison.Ordinal);
        Assert.Contains("The log has no entry", (await RunAsync(1, "show", "req_none", "--data", data)).Error, StringComparison.Ordinal);
    }

    private static async Task<Finished> RunAsync(int exitCode, params string[] words)
    {
        var finished = await Program.MilliwaysAsync(["logs", .. words]);
        Assert.True(finished.ExitCode == exitCode, finished.ToString());
        return finished;
    }
}
