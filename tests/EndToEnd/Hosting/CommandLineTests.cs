using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Hosting;

/// <summary>The executable without a server.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task An_unknown_option_is_exit_code_2()
    {
        var finished = await Program.MilliwaysAsync("serve", "--no-such-option");

        Assert.Equal(2, finished.ExitCode);
        Assert.Contains("--no-such-option", finished.Error, StringComparison.Ordinal);
        Assert.Empty(finished.Output);
    }

    [Fact]
    public async Task An_unknown_command_is_exit_code_2()
    {
        var finished = await Program.MilliwaysAsync("sevre");

        Assert.Equal(2, finished.ExitCode);
        Assert.Contains("sevre", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_tells_version_runtime_and_llama_cpp()
    {
        var finished = await Program.MilliwaysAsync("version");

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.Matches(@"^Milliways \d+\.\d+\.\d+ \([0-9a-f]+|unknown\), \.NET 10\.", finished.Output);
        Assert.Matches(@"llama\.cpp (?!not available)\S+", finished.Output);
    }

    [Fact]
    public async Task Version_as_JSON_is_one_document()
    {
        var finished = await Program.MilliwaysAsync("version", "--json");

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.NotNull(JsonNode.Parse(finished.Output)!["llama_cpp"]);
    }

    [Theory]
    [InlineData("--help", "serve")]
    [InlineData("serve --help", "--ready-file")]
    [InlineData("engine --help", "--model")]
    [InlineData("keys --help", "create")]
    [InlineData("config --help", "check")]
    public async Task Help_goes_to_standard_output_with_exit_code_0(string words, string mentioned)
    {
        var finished = await Program.MilliwaysAsync(words.Split(' '));

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.Contains(mentioned, finished.Output, StringComparison.Ordinal);
        Assert.Empty(finished.Error);
    }

    [Fact]
    public async Task A_key_made_on_the_command_line_is_listed_without_its_text_and_works_at_the_next_start()
    {
        using var folder = new TemporaryFolder();
        await using (var first = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data"), NoEngine = true }))
        {
            first.Signal(Signals.Interrupt);
            Assert.Equal(0, await first.ExitAsync());
        }

        var created = await Program.MilliwaysAsync("keys", "create", "--name", "notebook", "--json", "--data", folder.At("data"));
        var listed = await Program.MilliwaysAsync("keys", "list", "--data", folder.At("data"));

        Assert.True(created.ExitCode == 0, created.ToString());
        var key = JsonNode.Parse(created.Output)!["key"]!.GetValue<string>();
        Assert.Contains("notebook", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(key, listed.Output, StringComparison.Ordinal);
        await using var second = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data"), NoEngine = true });
        second.UseKey(key);
        var about = await second.Api.GetAsync("/v1/api-key");
        Assert.Equal("notebook", about.Json["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Keys_of_a_directory_without_an_installation_is_exit_code_1_with_the_remedy()
    {
        using var folder = new TemporaryFolder();
        var finished = await Program.MilliwaysAsync("keys", "list", "--data", folder.At("nothing"));

        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("--data", finished.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proc/x")]
    [InlineData("/dev/null/x")]
    public async Task A_data_directory_that_cannot_be_made_is_one_sentence_and_exit_code_1(string data)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "These are Linux's directories that nobody can write.");
        var finished = await Program.MilliwaysAsync("serve", "--data", data, "--no-engine", "--urls", "http://127.0.0.1:0", "--grpc-urls", "none");

        Assert.True(finished.ExitCode == 1, finished.ToString());
        Assert.Contains(data, finished.Error, StringComparison.Ordinal);
        Assert.Contains("--data", finished.Error, StringComparison.Ordinal);
        Assert.Single(finished.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Config_check_accepts_a_right_file_and_tells_what_is_wrong_in_a_wrong_one()
    {
        using var folder = new TemporaryFolder();
        var right = await Program.MilliwaysAsync("config", "check", "--config", folder.Write("right.json", "{ \"engine\": { \"sequences\": 4, }, /* fewer */ }"));
        var wrong = await Program.MilliwaysAsync("config", "check", "--config", folder.Write("wrong.json", "{\n  \"engine\": { \"sequences\": \"four\" }\n}"));

        Assert.True(right.ExitCode == 0, right.ToString());
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("wrong.json:2", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_check_says_all_of_it_in_one_document_for_programs_with_the_same_exit_codes()
    {
        using var folder = new TemporaryFolder();
        var right = await Program.MilliwaysAsync("config", "check", "--json", "--config", folder.Write("right.json", "{}"));
        var wrong = await Program.MilliwaysAsync("config", "check", "--json", "--config", folder.Write("wrong.json", "{\n  \"upstreems\": {},\n  \"engine\": { \"sequences\": \"four\" }\n}"));

        Assert.Equal((0, true), (right.ExitCode, JsonNode.Parse(right.Output)!["ok"]!.GetValue<bool>()));
        Assert.Equal((2, false), (wrong.ExitCode, JsonNode.Parse(wrong.Output)!["ok"]!.GetValue<bool>()));
        var problems = JsonNode.Parse(wrong.Output)!["problems"]!.AsArray().Select(problem => problem!.GetValue<string>()).ToList();
        Assert.Equal(2, problems.Count);
        Assert.Contains(problems, problem => problem.Contains("wrong.json:2", StringComparison.Ordinal) && problem.Contains("upstreams", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("wrong.json:3", StringComparison.Ordinal));
    }
}
