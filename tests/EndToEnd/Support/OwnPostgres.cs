using System.Diagnostics;

namespace Milliways.EndToEnd.Support;

/// <summary>A PostgreSQL of a test's own, gone with it. Where there is none, the test is skipped with the reason.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private readonly Process _process;

    private OwnPostgres(Process process, string folder) => (_process, Address) = (process, $"postgres://milliways@/postgres?host={Uri.EscapeDataString(folder)}");

    /// <summary>As <c>--database</c> has it.</summary>
    public string Address { get; }

    public static async Task<OwnPostgres> StartAsync()
    {
        var binaries = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(folder => Path.Combine(folder, "bin")).Where(folder => File.Exists(Path.Combine(folder, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        Assert.SkipWhen(binaries is null, "PostgreSQL is not on this machine: install Debian's package postgresql");
        string[] command = ["sh", Path.Combine(AppContext.BaseDirectory, "Support", "postgres.sh"), binaries];
        // PostgreSQL refuses to run as root.
        if (Environment.UserName == "root")
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", .. command];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        var folder = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience.Short);
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync().WaitAsync(Patience.Long));
        return new OwnPostgres(process, folder!);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience.Short);
        _process.Dispose();
    }
}
