using System.Diagnostics;

namespace Milliways.EndToEnd.Support;

/// <summary>What a program that ran to its end left behind.</summary>
internal sealed record Finished(int ExitCode, string Output, string Error)
{
    /// <summary>For messages of failed assertions.</summary>
    public override string ToString() => $"exit code {ExitCode}\n--- standard output\n{Output}\n--- standard error\n{Error}";
}

/// <summary>Runs a program to its end, with nothing to read and without the variables that would change what Milliways does.</summary>
internal static class Program
{
    public static Task<Finished> MilliwaysAsync(params string[] arguments) => RunAsync(Repository.Executable, arguments);

    public static async Task<Finished> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null, string? input = null, TimeSpan? within = null)
    {
        using var process = new Process { StartInfo = StartInfo(program, arguments, environment, folder) };
        process.Start();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(within ?? Patience.Long);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end in time. It wrote: {await output}{await error}");
        }
        return new Finished(process.ExitCode, await output, await error);
    }

    public static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.ToArray())
            if (name.EndsWith("_API_KEY", StringComparison.Ordinal) || name.EndsWith("_BASE_URL", StringComparison.Ordinal) || name.StartsWith("MILLIWAYS_", StringComparison.Ordinal)
                || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase))
                start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        return start;
    }
}
