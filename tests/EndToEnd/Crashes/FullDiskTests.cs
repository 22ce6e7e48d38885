using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Crashes;

/// <summary>The journal and the database on a file system of their own, a real one that is really full.</summary>
public sealed class FullDiskTests
{
    private const string Question = """{"model":"priced","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}""";

    /// <summary>Kept with each charge, so that a few thousand of them fill what the journal has set aside.</summary>
    private static readonly string Tags = new('t', 1000);

    /// <summary>Small, so that it can be filled at once: the journal takes four MiB steps, the database begins with a few.</summary>
    private const string Size = "40m";

    [Fact]
    public async Task On_a_full_disk_nothing_is_answered_uncharged_and_with_space_again_the_server_goes_on_and_its_books_are_right()
    {
        using var folder = new TemporaryFolder();
        var disk = folder.At("disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(OperatingSystem.IsLinux() && await MountAsync(disk), "A file system of its own can be mounted by root on Linux only.");
        try
        {
            await RunAsync(disk);
        }
        finally
        {
            await Program.RunAsync("umount", ["--lazy", disk]);
        }
    }

    private static async Task RunAsync(string disk)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(new Setup
        {
            NoEngine = true,
            Governed = true,
            Data = Path.Combine(disk, "data"),
            Config = $$"""
                { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k", "retries": 0, "breaker": null } },
                  "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "m" } ], "price": { "input": "5", "output": "15" } } } }
                """,
        });
        var statuses = new Dictionary<HttpStatusCode, int>();
        var answered = new HashSet<string>(StringComparer.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await AskAsync());

        // The rest of the disk is somebody else's now. What the journal had set aside before still takes charges; then it is over.
        var ballast = Path.Combine(disk, "ballast");
        Fill(ballast);
        await Until.TrueAsync(async () =>
        {
            var some = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => AskAsync()));
            return some.Contains(HttpStatusCode.ServiceUnavailable);
        }, "the full disk was noticed", Patience.Long);
        Fill(ballast); // what was freed in between
        var refused = 0;
        for (var i = 0; i < 50; i++)
            refused += await AskAsync() == HttpStatusCode.ServiceUnavailable ? 1 : 0;
        Assert.True(refused > 0, "Nothing was refused any more although the disk is full.");
        Assert.Contains("The books could not be brought up to date", server.Log.Text, StringComparison.Ordinal); // the database has met it too
        Assert.All(statuses.Keys, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{status}"));

        File.Delete(ballast);
        await Until.TrueAsync(async () => await AskAsync() == HttpStatusCode.OK, "the server went on with space again");
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, await AskAsync());

        var check = JsonNode.Parse((await Program.MilliwaysAsync("admin", "check", "--json", "--data", server.Data)).Output)!;
        Assert.True(check["ok"]!.GetValue<bool>(), check.ToJsonString());
        Assert.Equal(answered.Order(StringComparer.Ordinal), (await ChargedAsync()).Order(StringComparer.Ordinal));
        var shown = JsonNode.Parse((await Program.MilliwaysAsync("credits", "show", "--json", "--data", server.Data)).Output)!;
        Assert.Equal(0, shown["held_ticks"]!.GetValue<long>());
        TestContext.Current.SendDiagnosticMessage(string.Join(", ", statuses.Select(status => $"{(int)status.Key}: {status.Value}")));

        async Task<HttpStatusCode> AskAsync()
        {
            var answer = await server.Api.PostTextAsync("/v1/chat/completions", Question, ("x-milliways-tags", Tags));
            lock (statuses)
            {
                statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
                if (answer.Status == HttpStatusCode.OK)
                    answered.Add(answer.Header("x-request-id")!);
            }
            return answer.Status;
        }

        async Task<List<string>> ChargedAsync()
        {
            var all = new List<string>();
            for (var after = 0L; ;)
            {
                var page = JsonNode.Parse((await Program.MilliwaysAsync("credits", "statement", "--json", "--limit", "1000", "--after", after.ToString(CultureInfo.InvariantCulture), "--data", server.Data)).Output)!;
                var entries = page["entries"]!.AsArray();
                all.AddRange(entries.Where(entry => entry!["kind"]!.GetValue<string>() == "charge").Select(entry => entry!["request_id"]!.GetValue<string>()));
                if (entries.Count < 1000)
                    return all;
                after = entries[^1]!["seq"]!.GetValue<long>();
            }
        }
    }

    private static async Task<bool> MountAsync(string disk) => (await Program.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={Size}", "tmpfs", disk])).ExitCode == 0;

    /// <summary>Writes until not a byte more fits.</summary>
    private static void Fill(string file)
    {
        using var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        for (var block = 1 << 20; block > 0;)
            try
            {
                stream.Write(new byte[block]);
            }
            catch (IOException)
            {
                block /= 2;
            }
    }
}
