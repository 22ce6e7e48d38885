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
