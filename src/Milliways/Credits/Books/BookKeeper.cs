using System.Runtime.InteropServices;
using Milliways.Credits.Slices;
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
    /// <param name="session">On the database, in no transaction; it commits.</param>
    /// <param name="journal">Whose records.</param>
    /// <param name="records">In order.</param>
    /// <param name="postpaid">What a team without an allowance of its own may owe, in ticks.</param>
    /// <param name="told">Gets what the operator is to be told when the transaction is through.</param>
    /// <returns>The mark after it.</returns>
    public static long Apply(DatabaseSession session, Guid journal, IReadOnlyList<(long Sequence, Posting Posting)> records, long postpaid = 0, List<Action<ILedgerEvents>>? told = null)
    {
        try
        {
            return Apply(session, journal, records, postpaid, told, isOneByOne: false);
        }
        catch (ChargedTwiceException)
        {
            // Nothing of it was committed.
            return Apply(session, journal, records, postpaid, told, isOneByOne: true);
        }
    }

    private static long Apply(
        DatabaseSession session, Guid journal, IReadOnlyList<(long Sequence, Posting Posting)> records, long postpaid, List<Action<ILedgerEvents>>? told, bool isOneByOne) => session.Transact(() =>
    {
        told?.Clear();
        // Taken first: of two who apply the same journal the second waits here, and then finds the mark moved.
        session.Execute("INSERT INTO journal_marks (journal, applied) VALUES ($journal, 0) ON CONFLICT (journal) DO NOTHING", ("$journal", journal.ToString("N")));
        session.Execute("UPDATE journal_marks SET applied = applied WHERE journal = $journal", ("$journal", journal.ToString("N")));
        var mark = Mark(session, journal);
        var books = new Batch(session, records.Count, postpaid, told, isOneByOne);
        // Rows are locked in one order everywhere, so that two batches never wait for each other.
        foreach (var team in records.Where(record => record.Sequence > mark).Select(record => record.Posting.Team).Distinct().OrderBy(team => team.ToString("N"), StringComparer.Ordinal))
            books.Rows[team] = BookRow.Take(session, team);
        foreach (var (sequence, posting) in records)
            if (sequence > mark)
            {
                books.Add(posting);
                mark = sequence;
            }
        books.Save();
        books.TellLimits();
        session.Execute("UPDATE journal_marks SET applied = $mark WHERE journal = $journal", ("$mark", mark), ("$journal", journal.ToString("N")));
        return mark;
    });

    /// <summary>What a batch changes in rows that many of its records share; written once for all of them.</summary>
    private sealed class Batch(DatabaseSession session, int records, long postpaid, List<Action<ILedgerEvents>>? told, bool isOneByOne)
    {
        private readonly EntryWriter _entries = new(session, records, isOneByOne);
        private readonly Dictionary<Guid, long> _lots = [];
        private readonly Dictionary<(long Epoch, Guid Team, string Resource), long> _slices = [];
        private readonly Dictionary<UsageHour, UsageSum> _hours = [];
        private readonly Dictionary<(long Epoch, Guid Team), bool> _late = [];
        private readonly Dictionary<Guid, long> _charged = [];

        public Dictionary<Guid, BookRow> Rows { get; } = [];

        public void Add(Posting posting)
        {
            var row = Rows[posting.Team];
            if (posting.Charge is { } charge)
            {
                if (IsLate(posting))
                    posting = Late(posting, charge, row);
                if (!_entries.Write(row, posting, charge))
                    return;
                ref var hour = ref CollectionsMarshal.GetValueRefOrAddDefault(_hours, UsageHour.Of(posting.Team, charge, row.Booked), out _);
                hour = hour.Plus(posting, charge);
                Spend(posting, charge);
            }
            else if (posting.Kind != PostingKind.Repayment)
                _entries.Write(row, posting.Time, Words.Of(posting.Kind), row.Account,
                    posting.Kind == PostingKind.Expiry ? OperatorAccounts.Expired : OperatorAccounts.Adjustments, posting.Ticks, posting.Reason);
            for (var i = 0; i < posting.Draws.Count; i++)
                if (posting.Draws[i] is var (lot, ticks) && lot == Guid.Empty)
                    row.Owed = checked(row.Owed + ticks);
                else
                    _lots[lot] = checked(_lots.GetValueOrDefault(lot) + ticks);
        }

        /// <exception cref="ChargedTwiceException">A charge was in the books already, and the batch does not look at each.</exception>
        public void Save()
        {
            if (!_entries.Flush() && !isOneByOne)
                throw new ChargedTwiceException();
            foreach (var (lot, ticks) in _lots.OrderBy(lot => lot.Key))
                if (session.Execute("UPDATE lots SET remains = remains - $ticks WHERE id = $id", ("$ticks", ticks), ("$id", lot.ToString("N"))) != 1)
                    throw new InvalidDataException($"The journal spends from the grant {lot:N}, which the database does not have: they do not belong to each other.");
            foreach (var ((epoch, team, resource), ticks) in _slices)
                if (session.Execute("UPDATE slices SET spent = spent + $ticks WHERE epoch = $epoch AND team = $team AND resource = $resource",
                    ("$ticks", ticks), ("$epoch", epoch), ("$team", team.ToString("N")), ("$resource", resource)) != 1)
                    throw new InvalidDataException($"The journal spends what the server never had (epoch {epoch}, {resource}): the database does not belong to it.");
            foreach (var row in Rows.Values)
                row.Save(session);
            foreach (var (hour, sum) in _hours)
                sum.Save(session, hour);
            _lots.Clear();
            _slices.Clear();
            _hours.Clear();
        }

        /// <summary>Who shares a team's money does not know what it has spent; here is seen who passes its soft limit, by one server only.</summary>
        public void TellLimits()
        {
            foreach (var (team, charged) in told is null ? [] : _charged)
                if (MonthBook.Limits(session, team).Find(one => one.Gateway.Length == 0).Limit.Soft is { } soft
                    && MonthBook.Spent(session, Rows[team], Resources.Team, DateTimeOffset.UnixEpoch) is var spent && spent > soft && spent - charged <= soft)
                    told!.Add(events => events.SoftLimit(team, spent, soft));
        }

        /// <summary>What is spent of slices is out no more.</summary>
        private void Spend(Posting posting, Charge charge)
        {
            if (posting.Epoch == 0)
                return;
            _charged[posting.Team] = checked(_charged.GetValueOrDefault(posting.Team) + posting.Ticks);
            foreach (var (lot, ticks) in posting.Draws)
                Spend(posting, lot == Guid.Empty ? Resources.Allowance : Resources.Lot(lot), ticks);
            Spend(posting, Resources.Team, posting.Bounds.Team);
            Spend(posting, Resources.Key(charge.Payer.Key), posting.Bounds.Key);
            Spend(posting, Resources.Gateway(charge.Payer.Gateway ?? ""), posting.Bounds.Gateway);
        }

        private void Spend(Posting posting, string resource, long ticks)
        {
            if (ticks != 0)
                _slices[(posting.Epoch, posting.Team, resource)] = checked(_slices.GetValueOrDefault((posting.Epoch, posting.Team, resource)) + ticks);
        }

        /// <summary>
        /// The server's slices were taken back, by a mark that is set before they are deleted under the lock that is held here; or the charge is from the time
        /// of one server for all, and now there are several.
        /// </summary>
        private bool IsLate(Posting posting)
        {
            if (_late.TryGetValue((posting.Epoch, posting.Team), out var known))
                return known;
            return _late[(posting.Epoch, posting.Team)] = posting.Epoch == 0
                ? session.Query("SELECT 1 FROM slices WHERE team = $team LIMIT 1", row => row.GetInt32(0), ("$team", posting.Team.ToString("N"))).Count > 0
                : session.Query("SELECT reclaimed FROM epochs WHERE epoch = $epoch", row => !row.IsDBNull(0), ("$epoch", posting.Epoch)) is not [false];
        }

        /// <summary>The team pays what it has free now, up to what it was told; the rest is the operator's.</summary>
        private Posting Late(Posting posting, Charge charge, BookRow row)
        {
            Save(); // so that the database has all that this transaction has decided
            if (posting.Epoch != 0)
                Reclaimer.Delete(session, posting.Team, posting.Epoch);
            var paid = LateCharge.Of(TeamBook.Of(session, row, postpaid), session, posting, charge);
            if (paid.Overrun > posting.Overrun)
                told?.Add(events => events.Overrun(charge, paid.Overrun - posting.Overrun));
            return paid;
        }
    }

    /// <summary>The journal has a charge that the books have too: which one is seen one by one only.</summary>
    private sealed class ChargedTwiceException() : Exception("A charge of the journal is in the books already.");
}
