using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Logs;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>What only files have.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LogFileTests
{
    [Fact]
    public async Task While_the_disk_is_full_answers_go_on_and_afterwards_their_entries_are_written()
    {
        var lines = new EveryLine();
        await using var logged = await Logged.StartAsync(more: services => services.AddSingleton<ILoggerProvider>(lines));
        await logged.EntryAsync(await logged.AskAsync());
        var database = logged.Server.Service<LogDatabase>();
        // SQLite says the same of a file that may not grow as of a disk that is full.
        var pages = await database.WriteAsync(session => session.Query("PRAGMA page_count", row => row.GetInt64(0))[0]);
        await database.WriteAsync(session => session.Query($"PRAGMA max_page_count = {pages}", row => row.GetInt64(0))[0]);
        var answers = new List<Answer>();
        while (!lines.Text.Contains("The log cannot be written", StringComparison.Ordinal))
        {
            answers.Add(await logged.AskAsync(headers: ("User-Agent", new string('u', 400))));
            Assert.Equal(200, answers[^1].Status);
        }
        await database.WriteAsync(session => session.Query("PRAGMA max_page_count = 1000000", row => row.GetInt64(0))[0]);
        foreach (var answer in answers)
            Assert.Equal(200, (await logged.EntryAsync(answer)).StatusCode);
        Assert.Equal(0, logged.Server.Service<LogQueue>().Lost);
    }

    [Fact]
    public async Task The_file_is_private_and_becomes_smaller_when_entries_go()
    {
        var clock = new ManualTime();
        await using var logged = await Logged.StartAsync(clock: clock);
        var file = Path.Combine(logged.Server.Data, "data", "logs.db");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var (store, database) = (logged.Server.Service<LogStore>(), logged.Server.Service<LogDatabase>());
        await Some.WriteAsync(store, logged.Server.Account, 5000, clock.GetUtcNow());
        var pages = await PagesAsync();
        clock.Jump(TimeSpan.FromDays(40));
        await logged.Server.Service<LogTrim>().TrimAsync(default);
        Assert.True(await PagesAsync() < pages / 4, $"{await PagesAsync()} of {pages} pages are left.");

        Task<long> PagesAsync() => database.ReadAsync(session => session.Query("PRAGMA page_count", row => row.GetInt64(0))[0]);
    }
}
