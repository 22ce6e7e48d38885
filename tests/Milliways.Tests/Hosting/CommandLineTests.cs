using Milliways.Hosting;

namespace Milliways.Tests.Hosting;

public sealed class CommandLineTests
{
    [Fact]
    public async Task An_error_that_nobody_foresaw_is_one_sentence_and_exit_code_1()
    {
        var errors = new StringWriter();

        var code = await CommandLine.GuardAsync(() => throw new InvalidOperationException("The moon is gone.\n   It was there."), errors, details: false);

        Assert.Equal(ExitCode.Failed, code);
        var line = Assert.Single(errors.ToString().Trim().Split('\n'));
        Assert.StartsWith("milliways: The moon is gone. It was there. ", line, StringComparison.Ordinal);
        Assert.Contains("MILLIWAYS_DETAILS=1", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateways create y --rate-limit abc", "--rate-limit takes a whole number, not \"abc\".")]
    [InlineData("gateways set default --retry-delay 1.5", "--retry-delay takes a whole number, not \"1.5\".")]
    [InlineData("gateways set default --max-attempts 99999999999", "--max-attempts takes a whole number, not \"99999999999\".")]
    [InlineData("gateways create y --flavour x", "Argument 'x' not recognized")]
    public void A_value_of_the_wrong_kind_is_told_with_what_the_option_takes(string line, string says)
    {
        var error = Assert.Single(CommandLine.Root().Parse(line.Split(' ')).Errors);
        Assert.StartsWith(says, CommandLine.Told(error), StringComparison.Ordinal);
    }

    [Fact]
    public void No_option_of_any_command_tells_of_the_runtimes_types()
    {
        var seen = 0;
        foreach (var (path, option) in All([], CommandLine.Root()))
        {
            var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
            if (type == typeof(string) || option.Arity.MaximumNumberOfValues == 0)
                continue;
            seen++;
            foreach (var error in CommandLine.Root().Parse([.. path, option.Name, "no!value"]).Errors.Where(error => error.Message.Contains("no!value", StringComparison.Ordinal)))
                Assert.DoesNotContain("System.", CommandLine.Told(error), StringComparison.Ordinal);
        }
        Assert.True(seen > 20, $"{seen}");

        static IEnumerable<(string[] Path, System.CommandLine.Option Option)> All(string[] path, System.CommandLine.Command command) =>
            [.. command.Options.Select(option => (path, option)), .. command.Subcommands.SelectMany(sub => All([.. path, sub.Name], sub))];
    }

    [Fact]
    public async Task With_details_it_says_where_it_happened()
    {
        var errors = new StringWriter();

        await CommandLine.GuardAsync(() => throw new InvalidOperationException("The moon is gone."), errors, details: true);

        Assert.Contains(nameof(With_details_it_says_where_it_happened), errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_with_a_remedy_keeps_its_own_exit_code()
    {
        var errors = new StringWriter();
        Assert.Equal(ExitCode.Usage, await CommandLine.GuardAsync(() => throw new UserErrorException("Write it so.", ExitCode.Usage), errors, details: false));
        Assert.Equal("milliways: Write it so.\n", errors.ToString().ReplaceLineEndings("\n"));
    }
}
