using Milliways.Storage;

namespace Milliways.Simulation;

/// <summary>A real SQLite file, made anew after some seeds; every seed has a team and a journal of its own in it.</summary>
internal sealed class SimulatedDatabase : IDisposable
{
    private const int SeedsEach = 40;
    private readonly string _directory = Directory.CreateTempSubdirectory("milliways-simulation-").FullName;
    private LedgerDatabase? _database;
    private int _seeds;

    public LedgerDatabase Next()
    {
        if (_database is null || _seeds++ % SeedsEach == 0)
        {
            _database?.Dispose();
            _database = LedgerDatabase.Open(Path.Combine(_directory, $"ledger-{_seeds}.db"));
            // What SQLite does when the power goes is SQLite's to prove; here a commit is one, and need not wait for the machine's disk.
            _database.Run(session => session.Execute("PRAGMA synchronous = OFF"));
        }
        return _database;
    }

    public void Dispose()
    {
        _database?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
