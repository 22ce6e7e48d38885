using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Writes rows of <c>entries</c>, many of a transaction with one statement: they are in the database when they are <see cref="Flush"/>ed.</summary>
/// <param name="session">In a transaction.</param>
/// <param name="rows">How many are expected.</param>
/// <param name="isOneByOne">Each charge is put into the database at once, so that it is seen whether it has been there before.</param>
internal sealed class EntryWriter(DatabaseSession session, int rows, bool isOneByOne = false)
{
    private static readonly RowInsert Insert = new("entries",
    [
        RowColumn.OfText("team"), RowColumn.OfNumber("seq"), RowColumn.OfNumber("part"), RowColumn.OfNumber("time"), RowColumn.OfText("kind"), RowColumn.OfText("from_account"),
        RowColumn.OfText("to_account"), RowColumn.OfNumber("amount"), RowColumn.OfNumber("balance"), RowColumn.OfText("reason"), RowColumn.OfText("request_id"), RowColumn.OfText("key_id"),
        RowColumn.OfText("gateway"), RowColumn.OfText("model"), RowColumn.OfText("upstream"), RowColumn.OfNumber("input"), RowColumn.OfNumber("cached"), RowColumn.OfNumber("cache_write"),
        RowColumn.OfNumber("output"), RowColumn.OfNumber("reasoning"), RowColumn.OfNumber("images"), RowColumn.OfText("usage_source"), RowColumn.OfText("ending"), RowColumn.OfText("tags"),
    ], "ON CONFLICT (request_id, part) DO NOTHING");

    /// <summary>So many are put into the database together; they are a few statements there, and little memory here.</summary>
    private const int MostRows = 128;

    private readonly int _most = (isOneByOne ? 1 : Math.Clamp(rows, 1, MostRows)) * Insert.Columns.Count;
    private Cell[]? _cells;
    private int _count;
    private bool _hasFound;
    private (Guid Id, string Text) _key;

    /// <summary>Writes an entry without a request, by itself: credit that came or went.</summary>
    public static void Write(DatabaseSession session, BookRow row, DateTimeOffset time, string kind, string from, string to, long ticks, string reason)
    {
        var writer = new EntryWriter(session, rows: 1);
        writer.Write(row, time, kind, from, to, ticks, reason);
        writer.Flush();
    }

    /// <summary>An entry without a request: credit that came or went.</summary>
    public void Write(BookRow row, DateTimeOffset time, string kind, string from, string to, long ticks, string reason)
    {
        var (seq, at) = row.Next(time);
        var isIncome = to == row.Account;
        Add(row, new Entry(seq, 0, at, kind, from, to, ticks, row.Balance + (isIncome ? ticks : -ticks), reason), charge: null, usage: default, upstream: null);
        row.Took(at, isIncome ? ticks : -ticks);
    }

    /// <summary>The entry of an exchange, and what it cost the operator. False, one by one only: the exchange is in the books already.</summary>
    public bool Write(BookRow row, Posting posting, Charge charge)
    {
        var (seq, at) = row.Next(posting.Time);
        var ticks = posting.Ticks;
        var balance = checked(row.Balance - ticks);
        if (isOneByOne)
            Flush();
        Add(row, new Entry(seq, 0, at, "charge", row.Account, OperatorAccounts.Revenue, ticks, balance, ""), charge, charge.Usage, charge.Upstream);
        if (isOneByOne && !Flush())
            return false;
        var part = 0;
        if (posting.Overrun > 0)
            Add(row, new Entry(seq, ++part, at, "charge", OperatorAccounts.Overrun, OperatorAccounts.Revenue, posting.Overrun, balance, ""), charge, default, charge.Upstream);
        foreach (var discarded in charge.Discarded)
            Add(row, new Entry(seq, ++part, at, "charge", OperatorAccounts.Discarded, OperatorAccounts.Revenue, Math.Max(0, discarded.Ticks), balance, ""), charge, discarded.Usage, discarded.Upstream);
        row.Took(at, -ticks);
        return true;
    }

    /// <summary>Puts what was written into the database. False: something was in the books already, and the numbers behind it are wrong.</summary>
    public bool Flush()
    {
        Put();
        var isNew = !_hasFound;
        _hasFound = false;
        return isNew;
    }

    private void Put()
    {
        if (_cells is null)
            return;
        _hasFound |= session.InsertRows(Insert, _cells.AsSpan(0, _count)) * Insert.Columns.Count < _count;
        ArrayPool<Cell>.Shared.Return(_cells, clearArray: true);
        (_cells, _count) = (null, 0);
    }

    private readonly record struct Entry(long Seq, int Part, long Time, string Kind, string From, string To, long Ticks, long Balance, string Reason);

    private void Add(BookRow row, in Entry entry, Charge? charge, ChatUsage usage, string? upstream)
    {
        _cells ??= ArrayPool<Cell>.Shared.Rent(_most);
        Add(row.TeamText, entry.Seq, entry.Part, entry.Time, entry.Kind, entry.From, entry.To, entry.Ticks, entry.Balance, entry.Reason, charge?.RequestId, KeyText(charge),
            charge?.Payer.Gateway, charge?.Model, upstream, usage.TotalInput, usage.CacheRead, usage.CacheWrite,
            usage.Output, usage.Reasoning, entry.Part == 0 ? charge?.Images ?? 0 : 0, charge is null ? null : Words.Of(charge.Source), charge is null ? null : Words.Of(charge.Ending), charge?.Tags);
        if (_count >= _most)
            Put();
    }

    private void Add(params ReadOnlySpan<Cell> row)
    {
        row.CopyTo(_cells.AsSpan(_count));
        _count += row.Length;
    }

    /// <summary>Mostly the key of the entry before.</summary>
    private string? KeyText(Charge? charge)
    {
        if (charge is null)
            return null;
        if (_key.Text is null || _key.Id != charge.Payer.Key)
            _key = (charge.Payer.Key, charge.Payer.Key.ToString("D"));
        return _key.Text;
    }
}
