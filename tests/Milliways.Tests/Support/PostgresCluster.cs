using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Milliways.Storage;

namespace Milliways.Tests.Support;

/// <summary>A real PostgreSQL of the tests' own, in a folder that is gone with the process. Where it cannot be had, tests are skipped with the reason.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private static readonly Lazy<Task<(PostgresCluster? Cluster, string Reason)>> Shared = new(StartAsync);
    private static int _schemas;

    private readonly Process _process;
    private readonly string _folder;

    private PostgresCluster(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>The one that all tests share which do not stop it.</summary>
    public static async Task<PostgresCluster> SharedAsync() => OrSkip(await Shared.Value);

    /// <summary>One that a test may stop and start.</summary>
    public static async Task<PostgresCluster> OwnAsync() => OrSkip(await StartAsync());

    /// <summary>The address of a new, empty schema, which is a database of its own for whoever connects, and is made in no time.</summary>
    public async Task<string> CreateAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _schemas)}");
        await ExecuteAsync($"CREATE SCHEMA {name}");
        return $"{Address}&options=-csearch_path%3D{name}";
    }

    /// <summary>The database that every new cluster has.</summary>
    public string Address => $"postgres://milliways@/postgres?host={Uri.EscapeDataString(_folder)}";

    /// <summary>Runs a statement of the administrator's.</summary>
    public Task<int> ExecuteAsync(string sql) => Task.Run(() =>
    {
        using var connection = DatabaseAddress.Parse(Address, "").Postgres!.Connection();
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    });

    /// <summary>Ends it as an operator does, who waits for nobody: connections are cut.</summary>
    public Task StopAsync() => SayAsync("stop", "stopped");

    /// <summary>Ends it as a loss of power does.</summary>
    public Task KillAsync() => SayAsync("kill", "stopped");

    public Task StartAgainAsync() => SayAsync("start", "ready");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().Soon();
        _process.Dispose();
    }

    private async Task SayAsync(string word, string answer)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        Assert.Equal(answer, await _process.StandardOutput.ReadLineAsync().Soon());
        await OffTheSocketsThread();
    }

    /// <summary>A pipe's end comes on the thread of the sockets too, where a test must not go on with a call that blocks.</summary>
    private static ConfiguredTaskAwaitable OffTheSocketsThread() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // no task of its own, which could end before it is awaited

    private static PostgresCluster OrSkip((PostgresCluster? Cluster, string Reason) started)
    {
        if (started.Cluster is null)
            Assert.Skip(started.Reason);
        return started.Cluster;
    }

    private static async Task<(PostgresCluster?, string)> StartAsync()
    {
        if (OperatingSystem.IsWindows() || Binaries() is not { } binaries)
            return (null, "PostgreSQL is not on this machine: install Debian's package postgresql");
        string[] command = ["sh", Path.Combine(AppContext.BaseDirectory, "Support", "postgres.sh"), binaries];
        // PostgreSQL refuses to run as root.
        if (Environment.UserName == "root")
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", .. command];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        var process = Process.Start(start)!;
        var folder = await process.StandardOutput.ReadLineAsync().Soon();
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await OffTheSocketsThread();
        return ready == "ready" ? (new PostgresCluster(process, folder!), "") : (null, "PostgreSQL does not start: " + await process.StandardError.ReadToEndAsync());
    }

    /// <summary>The newest of Debian's, or what the search path has.</summary>
    private static string? Binaries() =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
        .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0).Select(folder => Path.Combine(folder, "bin"))
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
}
