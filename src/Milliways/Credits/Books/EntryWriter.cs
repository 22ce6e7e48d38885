using Milliways.Dialects.Chat;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Writes rows of <c>entries</c>: one statement's text, so that it is prepared once.</summary>
internal static class EntryWriter
{
    private const string Insert = """
        INSERT INTO entries (team, seq, part, time, kind, from_account, to_account, amount, balance, reason, request_id, key_id, gateway, model, upstream,
          input, cached, cache_write, output, reasoning, images, usage_source, ending, tags)
        VALUES ($team, $seq, $part, $time, $kind, $from, $to, $amount, $balance, $reason, $request, $key, $gateway, $model, $upstream,
          $input, $cached, $written, $output, $reasoning, $images, $source, $ending, $tags)
        ON CONFLICT (request_id, part) DO NOTHING
        """;

    /// <summary>An entry without a request: credit that came or went.</summary>
    public static void Write(DatabaseSession session, BookRow row, DateTimeOffset time, string kind, string from, string to, long ticks, string reason)
    {
        var (seq, at) = row.Next(time);
        var isIncome = to == row.Account;
        Execute(session, row, new Entry(seq, 0, at, kind, from, to, ticks, row.Balance + (isIncome ? ticks : -ticks), reason), charge: null, usage: default, upstream: null);
        row.Took(at, isIncome ? ticks : -ticks);
    }

    /// <summary>The entry of an exchange, and what it cost the operator. False: the exchange is in the books already.</summary>
    public static bool Write(DatabaseSession session, BookRow row, Posting posting, Charge charge)
    {
        var (seq, at) = row.Next(posting.Time);
        var balance = checked(row.Balance - posting.Ticks);
        if (!Execute(session, row, new Entry(seq, 0, at, "charge", row.Account, OperatorAccounts.Revenue, posting.Ticks, balance, ""), charge, charge.Usage, charge.Upstream))
            return false;
        var part = 0;
        if (posting.Overrun > 0)
            Execute(session, row, new Entry(seq, ++part, at, "charge", OperatorAccounts.Overrun, OperatorAccounts.Revenue, posting.Overrun, balance, ""), charge, default, charge.Upstream);
        foreach (var discarded in charge.Discarded)
            Execute(session, row, new Entry(seq, ++part, at, "charge", OperatorAccounts.Discarded, OperatorAccounts.Revenue, Math.Max(0, discarded.Ticks), balance, ""), charge, discarded.Usage, discarded.Upstream);
        row.Took(at, -posting.Ticks);
        return true;
    }

    private readonly record struct Entry(long Seq, int Part, long Time, string Kind, string From, string To, long Ticks, long Balance, string Reason);

    private static bool Execute(DatabaseSession session, BookRow row, in Entry entry, Charge? charge, ChatUsage usage, string? upstream) => session.Execute(Insert,
        ("$team", row.TeamText), ("$seq", entry.Seq), ("$part", (long)entry.Part), ("$time", entry.Time), ("$kind", entry.Kind), ("$from", entry.From), ("$to", entry.To),
        ("$amount", entry.Ticks), ("$balance", entry.Balance), ("$reason", entry.Reason), ("$request", charge?.RequestId), ("$key", charge?.Payer.Key.ToString("D")),
        ("$gateway", charge?.Payer.Gateway), ("$model", charge?.Model), ("$upstream", upstream), ("$input", usage.TotalInput), ("$cached", usage.CacheRead),
        ("$written", usage.CacheWrite), ("$output", usage.Output), ("$reasoning", usage.Reasoning), ("$images", entry.Part == 0 ? charge?.Images ?? 0 : 0),
        ("$source", charge is null ? null : Words.Of(charge.Source)), ("$ending", charge is null ? null : Words.Of(charge.Ending)), ("$tags", charge?.Tags)) == 1;
}
