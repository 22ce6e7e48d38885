using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Hosting;

/// <summary>The start of a server: what it writes, and what keeps it from starting.</summary>
public sealed class StartTests(SharedServer shared)
{
    [Fact]
    public void The_ready_file_is_private_and_names_the_process()
    {
        Assert.Equal(shared.Server.Id, shared.Server.Ready["pid"]!.GetValue<int>());
        Assert.Matches("^[0-9a-f]{32}$", shared.Server.Account);
        Assert.Matches("^xai-mw-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}$", shared.Server.Key);
        Assert.Equal(UnixFileMode.None, OthersMay(shared.Server.ReadyFile));
    }

    [Fact]
    public void The_data_directory_and_its_files_are_private()
    {
        Assert.Equal(UnixFileMode.None, OthersMay(shared.Server.Data));
        Assert.All(
            Directory.EnumerateFiles(shared.Server.Data, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal)),
            file => Assert.True(OthersMay(file) == UnixFileMode.None, file));
    }

    [Fact]
    public async Task The_curl_command_of_the_start_up_text_works_when_pasted()
    {
        await shared.Server.Out.LineAsync("Ctrl-C stops").WaitAsync(Patience.Short);
        var lines = shared.Server.Out.Text.Split('\n').SkipWhile(line => !line.StartsWith("  curl ", StringComparison.Ordinal)).ToList();
        var command = string.Join('\n', lines.Take(lines.FindIndex(line => !line.EndsWith('\\')) + 1));

        var finished = await Program.RunAsync("bash", ["-c", command]);

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.EndsWith("data: [DONE]\n\n", finished.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cloudflares_own_examples_for_grok_are_answered_by_the_engine_of_whose_prices_nothing_warns()
    {
        var gateway = $"/v1/{shared.Server.Account}/default";
        foreach (var (path, model) in new[] { ("/grok/v1/chat/completions", "grok-4"), ("/compat/chat/completions", "grok/grok-4") })
        {
            var answer = await shared.Api.PostTextAsync(gateway + path, $$"""{"model":"{{model}}","max_tokens":2,"messages":[{"role":"user","content":"What is Cloudflare?"}]}""");
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.StartsWith("engine/", answer.Header("x-milliways-upstream"), StringComparison.Ordinal);
        }
        Assert.Contains("\"grok-4\"", (await shared.Api.GetAsync(gateway + "/grok/models")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("has no prices", shared.Server.Log.Text + shared.Server.Out.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_start_up_text_says_who_answers_and_shows_the_key_and_the_clients_addresses()
    {
        await shared.Server.Out.LineAsync("Ctrl-C stops").WaitAsync(Patience.Short);
        var text = shared.Server.Out.Text;

        Assert.Contains("smollm2, the embedded demo model, because no xAI key is set", text, StringComparison.Ordinal);
        Assert.Contains(shared.Server.Key, text, StringComparison.Ordinal);
        Assert.Contains($"base_url = \"{shared.Server.Base}/v1\"", text, StringComparison.Ordinal);
        Assert.Contains(shared.Server.Gateway, text, StringComparison.Ordinal);
        Assert.DoesNotContain(shared.Server.Key, shared.Server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_start_shows_no_key_and_the_first_ones_works()
    {
        using var folder = new TemporaryFolder();
        string key;
        await using (var first = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data"), NoEngine = true }))
        {
            key = first.Key;
            first.Signal(Signals.Interrupt);
            Assert.Equal(0, await first.ExitAsync());
        }
        await using var second = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data"), NoEngine = true });
        await second.Out.LineAsync("Ctrl-C stops").WaitAsync(Patience.Short);

        Assert.Null(second.Ready["key"]);
        Assert.DoesNotContain("xai-mw-", second.Out.Text, StringComparison.Ordinal);
        second.UseKey(key);
        Assert.Equal(HttpStatusCode.OK, (await second.Api.GetAsync("/v1/models")).Status);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_refuses_and_names_the_first_ones_process()
    {
        var finished = await Program.MilliwaysAsync("serve", "--data", shared.Server.Data, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, finished.ExitCode);
        Assert.Contains($"process {shared.Server.Id.ToString(CultureInfo.InvariantCulture)}", finished.Error, StringComparison.Ordinal);
        AssertIsOneClearLine(finished);
    }

    [Fact]
    public async Task A_taken_port_is_exit_code_1_with_the_remedy()
    {
        using var folder = new TemporaryFolder();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var finished = await Program.MilliwaysAsync("serve", "--no-engine", "--data", folder.At("data"), "--urls", $"http://{other.LocalEndpoint}");

        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("is taken by another program", finished.Error, StringComparison.Ordinal);
        Assert.Contains("--urls", finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", finished.Error, StringComparison.Ordinal);

        // Nobody was shown the key that this start made.
        await using var next = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data"), NoEngine = true });
        Assert.Equal(HttpStatusCode.OK, (await next.Api.GetAsync("/v1/models")).Status);
        await next.Out.LineAsync("Ctrl-C stops").WaitAsync(Patience.Short);
        Assert.Contains(next.Key, next.Out.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_is_exit_code_1_with_the_remedy()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("data", "not a directory");
        var finished = await Program.MilliwaysAsync("serve", "--data", file, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("--data", finished.Error, StringComparison.Ordinal);
        AssertIsOneClearLine(finished);
    }

    [Fact]
    public async Task A_wrong_configuration_is_exit_code_2_and_tells_every_problem_with_its_line()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("wrong.json", "{\n  \"engine\": {\n    \"seqences\": 4\n  },\n  \"security\": 7\n}\n");
        var finished = await Program.MilliwaysAsync("serve", "--data", folder.At("data"), "--config", file, "--urls", "http://127.0.0.1:0");

        Assert.Equal(2, finished.ExitCode);
        Assert.Contains("wrong.json:3", finished.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean \"sequences\"?", finished.Error, StringComparison.Ordinal);
        Assert.Contains("wrong.json:5", finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", finished.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("data")), "A server that cannot start has left something behind.");
    }

    /// <summary>What the file's mode allows to anybody but its owner; Windows has no such modes.</summary>
    private static UnixFileMode OthersMay(string file) => OperatingSystem.IsWindows() ? UnixFileMode.None
        : File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private static void AssertIsOneClearLine(Finished finished)
    {
        Assert.Single(finished.Error.Trim().Split('\n'));
        Assert.StartsWith("milliways: ", finished.Error, StringComparison.Ordinal);
    }
}
