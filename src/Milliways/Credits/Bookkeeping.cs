using System.Data.Common;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Grants;
using Milliways.Credits.Journal;
using Milliways.Credits.Slices;
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
    private readonly Ledger? _ledger;
    private readonly JournalThread? _thread;
    private readonly FolderLoop? _loop;

    private Bookkeeping(Folder folder, IFunds funds, GrantRules rules, Ledger? ledger, JournalThread? thread, FolderLoop? loop)
    {
        (Folder, Funds, Rules) = (folder, funds, rules);
        (_ledger, _thread, _loop) = (ledger, thread, loop);
    }

    /// <exception cref="InvalidOperationException">A command beside the servers has none: the source is wrong.</exception>
    public Ledger Ledger => _ledger ?? throw new InvalidOperationException("A command beside the servers charges nobody.");

    public IFunds Funds { get; }

    public Folder Folder { get; }

    public GrantRules Rules { get; }

    /// <summary>Where several servers share the money of a database; null: this one has all of it.</summary>
    public Slicing? Slicing { get; private init; }

    /// <summary>Why no credit can be used at the moment; null: it can.</summary>
    public string? Trouble => _ledger?.Unavailable;

    /// <summary>Opens the books over a database and a journal file; blocks, so at start and in commands only.</summary>
    /// <param name="config">The section <c>credits</c> in effect; asked again whenever it matters.</param>
    /// <param name="epochs">Of a server on PostgreSQL: it shares the money with others.</param>
    /// <exception cref="UserErrorException">The journal is damaged, does not belong to the database, or cannot be written.</exception>
    public static Bookkeeping Open(LedgerDatabase database, string journalFile, Func<CreditsConfig> config, TimeProvider time, ILoggerFactory logs, Epochs? epochs = null)
    {
        JournalFile? file = null;
        try
        {
            file = JournalFile.Open(() => new DiskFile(journalFile), Guid.CreateVersion7(time.GetUtcNow()), config().Durability == Durability.Disk);
            var mark = database.Run(session => Replay(session, file, config().Postpaid));
            file.Begin(mark);
            return Start(database, file, config, time, logs, database.Address.Postgres is null ? null : epochs);
        }
        catch (Exception unusable) when (unusable is JournalDamagedException or IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new UserErrorException($"The journal {journalFile} cannot be used: {unusable.Message.TrimEnd('.')}.", inner: unusable);
        }
    }

    /// <summary>The books of a database that servers share, for a command beside them: it decides nothing in memory, so it needs no journal.</summary>
    public static Bookkeeping OpenBeside(LedgerDatabase database, Func<CreditsConfig> config, TimeProvider time, ILoggerFactory logs)
    {
        var funds = new CommonFunds(database, ledger: null, static _ => Task.CompletedTask, () => config().Postpaid, time);
        // What rules give the servers give, by their own configuration.
        return new Bookkeeping(new Folder(time), funds, new GrantRules(database, funds, config, time, logs.CreateLogger<GrantRules>()), null, null, null);
    }

    /// <summary>Puts what the journal has beyond the books into them.</summary>
    /// <returns>The mark after it.</returns>
    /// <exception cref="JournalDamagedException">Some of it cannot be read; nothing was applied.</exception>
    public static long Replay(DatabaseSession session, JournalFile file, long postpaid = 0)
    {
        var mark = BookKeeper.Mark(session, file.Id);
        file.CheckAgainst(mark);
        foreach (var chunk in file.Found.Where(frame => frame.Sequence > mark).Chunk(1000))
            mark = BookKeeper.Apply(session, file.Id, [.. chunk.Select(frame => (frame.Sequence, PostingCodec.Decode(frame.Payload)))], postpaid);
        return mark;
    }

    /// <summary>The database cannot be used at the moment; trying again may help.</summary>
    public static bool IsTrouble(Exception failed) => failed is DbException or DatabaseException or IOException or TimeoutException;

    public async ValueTask DisposeAsync()
    {
        if (_thread is not null)
            await _thread.DisposeAsync();
        if (_loop is not null)
            await _loop.DisposeAsync();
        if (Slicing is not null)
            await Slicing.DisposeAsync();
    }

    private static Bookkeeping Start(LedgerDatabase database, JournalFile file, Func<CreditsConfig> config, TimeProvider time, ILoggerFactory logs, Epochs? epochs)
    {
        var folder = new Folder(time);
        folder.Begin(file.Applied);
        var journal = new ChargeJournal(file, folder, time);
        var events = new LedgerLog(logs.CreateLogger<Ledger>());
        epochs?.Journal = file.Id;
        var slicing = epochs is null ? null : new Slicing(database, epochs, () => config().Postpaid, time, logs.CreateLogger<Slicing>());
        ILotSource source = epochs is null ? new WholeLots(() => config().Postpaid, Welcome) : new SlicedLots(() => epochs.Current, Welcome);
        var ledger = new Ledger(journal, folder, source, database, time, events, slicing);
        IFunds funds = slicing is null ? new OwnFunds(ledger, time) : new CommonFunds(database, ledger, folder.CatchUpAsync, () => config().Postpaid, time);
        var rules = new GrantRules(database, funds, config, time, logs.CreateLogger<GrantRules>());
        rules.RunAtStart();
        var loop = new FolderLoop(folder, database, file.Id, () => config().Postpaid, events, time, logs.CreateLogger<FolderLoop>());
        return new Bookkeeping(folder, funds, rules, ledger, new JournalThread(journal), loop) { Slicing = slicing };

        void Welcome(DatabaseSession session, Guid team, DateTimeOffset now) => GrantRules.GiveMonthly(session, config().MonthlyGrant, team, now);
    }
}
