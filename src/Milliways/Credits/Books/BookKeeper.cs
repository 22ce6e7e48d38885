using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>
/// Takes records of the journal into the books, a batch in one transaction. The mark of the journal moves in the same transaction, so that a batch which is
/// taken twice changes nothing the second time; that a request has one charge only is the second belt.
/// </summary>
internal static class BookKeeper
{
    /// <summary>The sequence up to which the books have a journal; 0: nothing of it.</summary>
    public static long Mark(DatabaseSession session, Guid journal) =>
        session.Query("SELECT applied FROM journal_marks WHERE journal = $journal", row => row.GetInt64(0), ("$journal", journal.ToString("N"))) is [var mark] ? mark : 0;

    /// <summary>Applies records in their order; those up to the mark are passed over.</summary>
    /// <returns>The mark after it.</returns>
    public static long Apply(DatabaseSession session, Guid journal, IReadOnlyList<(long Sequence, Posting Posting)> records) => session.Transact(() =>
    {
        // Taken first: of two who apply the same journal the second waits here, and then finds the mark moved.
        session.Execute("INSERT INTO journal_marks (journal, applied) VALUES ($journal, 0) ON CONFLICT (journal) DO NOTHING", ("$journal", journal.ToString("N")));
        session.Execute("UPDATE journal_marks SET applied = applied WHERE journal = $journal", ("$journal", journal.ToString("N")));
        var mark = Mark(session, journal);
        var batch = new Batch(session);
        // Rows are locked in one order everywhere, so that two batches never wait for each other.
        foreach (var team in records.Where(record => record.Sequence > mark).Select(record => record.Posting.Team).Distinct().OrderBy(team => team.ToString("N"), StringComparer.Ordinal))
            batch.Rows[team] = BookRow.Take(session, team);
        foreach (var (sequence, posting) in records)
            if (sequence > mark)
            {
                batch.Add(posting);
                mark = sequence;
            }
        batch.Save();
        session.Execute("UPDATE journal_marks SET applied = $mark WHERE journal = $journal", ("$mark", mark), ("$journal", journal.ToString("N")));
        return mark;
    });

    /// <summary>What a batch changes in rows that many of its records share; written once for all of them.</summary>
    private sealed class Batch(DatabaseSession session)
    {
        private readonly Dictionary<Guid, long> _lots = [];
        private readonly Dictionary<UsageHour, UsageSum> _hours = [];

        public Dictionary<Guid, BookRow> Rows { get; } = [];

        public void Add(Posting posting)
        {
            var row = Rows[posting.Team];
            if (posting.Charge is { } charge)
            {
                if (!EntryWriter.Write(session, row, posting, charge))
                    return;
                _hours[UsageHour.Of(posting.Team, charge, row.Booked)] = _hours.GetValueOrDefault(UsageHour.Of(posting.Team, charge, row.Booked)).Plus(posting, charge);
            }
            else if (posting.Kind != PostingKind.Repayment)
                EntryWriter.Write(session, row, posting.Time, Words.Of(posting.Kind), row.Account,
                    posting.Kind == PostingKind.Expiry ? OperatorAccounts.Expired : OperatorAccounts.Adjustments, posting.Ticks, posting.Reason);
            foreach (var (lot, ticks) in posting.Draws)
                if (lot == Guid.Empty)
                    row.Owed = checked(row.Owed + ticks);
                else
                    _lots[lot] = checked(_lots.GetValueOrDefault(lot) + ticks);
        }

        public void Save()
        {
            foreach (var (lot, ticks) in _lots.OrderBy(lot => lot.Key))
                if (session.Execute("UPDATE lots SET remains = remains - $ticks WHERE id = $id", ("$ticks", ticks), ("$id", lot.ToString("N"))) != 1)
                    throw new InvalidDataException($"The journal spends from the grant {lot:N}, which the database does not have: they do not belong to each other.");
            foreach (var row in Rows.Values)
                row.Save(session);
            foreach (var (hour, sum) in _hours)
                sum.Save(session, hour);
        }
    }
}
