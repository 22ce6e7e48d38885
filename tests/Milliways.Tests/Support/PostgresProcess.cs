using System.Diagnostics;
using System.Globalization;

namespace Milliways.Tests.Support;

/// <summary>A real PostgreSQL of a test's own, in a folder that is gone with the process.</summary>
internal sealed class PostgresProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private readonly string? _host;

    private PostgresProcess(Process process, string folder, string? host) => (_process, Folder, _host) = (process, folder, host);

    /// <summary>Where its socket is.</summary>
    public string Folder { get; }

    /// <summary>The database that every new cluster has.</summary>
    public string Address => _host is not null ? $"postgres://milliways@{_host}/postgres" : $"postgres://milliways@/postgres?host={Uri.EscapeDataString(Folder)}";

    /// <param name="network">A network namespace to run in, and the address there; null: it is reached by its socket alone.</param>
    /// <returns>The process, or why there is none.</returns>
    public static async Task<(PostgresProcess? Process, string Reason)> StartAsync((string Namespace, string Address)? network = null)
    {
        if (OperatingSystem.IsWindows() || Binaries() is not { } binaries)
            return (null, "PostgreSQL is not on this machine: install Debian's package postgresql");
        string[] command = ["sh", Path.Combine(AppContext.BaseDirectory, "Support", "postgres.sh"), binaries];
        // PostgreSQL refuses to run as root.
        if (Environment.UserName == "root")
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", .. command];
        if (network is var (name, address))
            command = ["ip", "netns", "exec", name, .. command, address];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        var process = Process.Start(start)!;
        var folder = await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
        await OffTheSocketsThreadAsync();
        return ready == "ready" ? (new PostgresProcess(process, folder!, network?.Address), "") : (null, "PostgreSQL does not start: " + await process.StandardError.ReadToEndAsync());
    }

    /// <summary>Ends it as an operator does, who waits for nobody: connections are cut.</summary>
    public Task StopAsync() => SayAsync("stop", "stopped");

    /// <summary>Ends it as a loss of power does.</summary>
    public Task KillAsync() => SayAsync("kill", "stopped");

    public Task StartAgainAsync() => SayAsync("start", "ready");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Limit);
        _process.Dispose();
    }

    private async Task SayAsync(string word, string answer)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        Assert.Equal(answer, await _process.StandardOutput.ReadLineAsync().WaitAsync(Limit));
        await OffTheSocketsThreadAsync();
    }

    /// <summary>A pipe's end comes on the thread of the sockets too, where a test must not go on with a call that blocks.</summary>
    private static async Task OffTheSocketsThreadAsync() => await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    /// <summary>The newest of Debian's, or what the search path has.</summary>
    private static string? Binaries() =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
        .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0).Select(folder => Path.Combine(folder, "bin"))
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
}
