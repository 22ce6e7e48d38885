using System.Globalization;
using Milliways.Storage;

namespace Milliways.Tests.Support;

/// <summary>A real PostgreSQL of the tests' own. Where it cannot be had, tests are skipped with the reason.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private static readonly Lazy<Task<(PostgresProcess? Process, string Reason)>> Shared = new(() => PostgresProcess.StartAsync());
    private static int _schemas;

    /// <summary>Seconds. Many servers start beside each other here: the usual 5 are for those who could do something about it.</summary>
    private const int Patient = 60;

    private readonly PostgresProcess _process;

    private PostgresCluster(PostgresProcess process) => _process = process;

    /// <summary>The one that all tests share which do not stop it.</summary>
    public static async Task<PostgresCluster> SharedAsync() => OrSkip(await Shared.Value);

    /// <summary>One that a test may stop and start.</summary>
    public static async Task<PostgresCluster> OwnAsync() => OrSkip(await PostgresProcess.StartAsync());

    /// <summary>The address of a new, empty schema, which is a database of its own for whoever connects, and is made in no time.</summary>
    public async Task<string> CreateAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _schemas)}");
        await ExecuteAsync($"CREATE SCHEMA {name}");
        return $"{Address}&options=-csearch_path%3D{name}&connect_timeout={Patient}";
    }

    /// <summary>The database that every new cluster has.</summary>
    public string Address => _process.Address;

    /// <summary>Runs a statement of the administrator's.</summary>
    public Task<int> ExecuteAsync(string sql) => Task.Run(() =>
    {
        using var connection = DatabaseAddress.Parse($"{Address}&connect_timeout={Patient}", "").Postgres!.Connection();
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    });

    /// <summary>Ends it as an operator does, who waits for nobody: connections are cut.</summary>
    public Task StopAsync() => _process.StopAsync();

    /// <summary>Ends it as a loss of power does.</summary>
    public Task KillAsync() => _process.KillAsync();

    public Task StartAgainAsync() => _process.StartAgainAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static PostgresCluster OrSkip((PostgresProcess? Process, string Reason) started)
    {
        if (started.Process is null)
            Assert.Skip(started.Reason);
        return new PostgresCluster(started.Process);
    }
}
