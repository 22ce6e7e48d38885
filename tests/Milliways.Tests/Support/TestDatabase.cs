using Milliways.Storage;

namespace Milliways.Tests.Support;

/// <summary>Where a test's data is.</summary>
public enum Backend { Files, Postgres }

/// <summary>An empty database of one kind or the other, for one test.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly TempDirectory _directory = new();

    private TestDatabase(string? text) => Text = text;

    /// <summary>As <c>--database</c> has it; null: files.</summary>
    public string? Text { get; }

    public DatabaseAddress Address => DatabaseAddress.Parse(Text, _directory.Path);

    public TempDirectory Directory => _directory;

    public static async Task<TestDatabase> CreateAsync(Backend backend) =>
        new(backend == Backend.Postgres ? await (await PostgresCluster.SharedAsync()).CreateAsync() : null);

    public LedgerDatabase OpenLedger() => LedgerDatabase.Open(Address);

    public void Dispose() => _directory.Dispose();
}
