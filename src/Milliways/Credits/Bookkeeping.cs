using System.Data.Common;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Grants;
using Milliways.Credits.Journal;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>
/// A ledger ready to use: what the journal had beyond the books is in the books, every team's account is open, what rules give has been given, and the journal's
/// thread and the folder run. One for a data directory at a time, held by whoever has the directory's lock.
/// </summary>
internal sealed class Bookkeeping : IAsyncDisposable
{
    private readonly JournalThread _thread;
    private readonly FolderLoop _loop;

    private Bookkeeping(Ledger ledger, ChargeJournal journal, Folder folder, GrantRules rules, JournalThread thread, FolderLoop loop)
    {
        (Ledger, Journal, Folder, Rules) = (ledger, journal, folder, rules);
        (_thread, _loop) = (thread, loop);
    }

    public Ledger Ledger { get; }

    public ChargeJournal Journal { get; }

    public Folder Folder { get; }

    public GrantRules Rules { get; }

    /// <summary>Opens the books over a database and a journal file; blocks, so at start and in commands only.</summary>
    /// <param name="config">The section <c>credits</c> in effect; asked again whenever it matters.</param>
    /// <exception cref="UserErrorException">The journal is damaged, does not belong to the database, or cannot be written.</exception>
    public static Bookkeeping Open(LedgerDatabase database, string journalFile, Func<CreditsConfig> config, TimeProvider time, ILoggerFactory logs)
    {
        JournalFile? file = null;
        try
        {
            file = JournalFile.Open(() => new DiskFile(journalFile), Guid.CreateVersion7(time.GetUtcNow()), config().Durability == Durability.Disk);
            var mark = database.Run(session => Replay(session, file));
            file.Begin(mark);
            return Start(database, file, config, time, logs);
        }
        catch (Exception unusable) when (unusable is JournalDamagedException or IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new UserErrorException($"The journal {journalFile} cannot be used: {unusable.Message.TrimEnd('.')}.", inner: unusable);
        }
    }

    /// <summary>Puts what the journal has beyond the books into them.</summary>
    /// <returns>The mark after it.</returns>
    /// <exception cref="JournalDamagedException">Some of it cannot be read; nothing was applied.</exception>
    public static long Replay(DatabaseSession session, JournalFile file)
    {
        var mark = BookKeeper.Mark(session, file.Id);
        file.CheckAgainst(mark);
        foreach (var chunk in file.Found.Where(frame => frame.Sequence > mark).Chunk(1000))
            mark = BookKeeper.Apply(session, file.Id, [.. chunk.Select(frame => (frame.Sequence, PostingCodec.Decode(frame.Payload)))]);
        return mark;
    }

    /// <summary>The database cannot be used at the moment; trying again may help.</summary>
    public static bool IsTrouble(Exception failed) => failed is DbException or DatabaseException or IOException or TimeoutException;

    public async ValueTask DisposeAsync()
    {
        await _thread.DisposeAsync();
        await _loop.DisposeAsync();
    }

    private static Bookkeeping Start(LedgerDatabase database, JournalFile file, Func<CreditsConfig> config, TimeProvider time, ILoggerFactory logs)
    {
        var folder = new Folder(time);
        folder.Begin(file.Applied);
        var journal = new ChargeJournal(file, folder, time);
        var source = new WholeLots(() => config().Postpaid, (session, team, now) => GrantRules.GiveMonthly(session, config().MonthlyGrant, team, now));
        var ledger = new Ledger(journal, folder, source, database, time, new LedgerLog(logs.CreateLogger<Ledger>()));
        var rules = new GrantRules(database, ledger, config, time, logs.CreateLogger<GrantRules>());
        rules.RunAtStart();
        var loop = new FolderLoop(folder, database, file.Id, time, logs.CreateLogger<FolderLoop>());
        return new Bookkeeping(ledger, journal, folder, rules, new JournalThread(journal), loop);
    }
}
