using System.Globalization;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>
/// Proves the books from themselves: every number that is kept is counted again from what it is made of. The sum of all postings cannot be anything but zero,
/// since every entry takes from one account what it gives another; what is checked is that everything else follows from the entries.
/// </summary>
internal static class BookCheck
{
    private static readonly (string Sql, Func<string, string> Problem)[] Checks =
    [
        ("SELECT b.team FROM balances b WHERE b.balance <> (SELECT COALESCE(SUM(l.remains), 0) FROM lots l WHERE l.team = b.team) - b.owed",
            team => $"team {team}: the balance is not what remains of its grants minus what it owes"),
        ("""
         SELECT b.team FROM balances b WHERE b.balance <>
           (SELECT COALESCE(SUM(CASE WHEN e.to_account = 'team:' || b.team THEN e.amount ELSE -e.amount END), 0) FROM entries e WHERE e.team = b.team AND e.part = 0)
         """,
            team => $"team {team}: the balance is not the sum of its entries"),
        ("SELECT b.team FROM balances b WHERE b.seq <> (SELECT COUNT(*) FROM entries e WHERE e.team = b.team AND e.part = 0) OR b.seq <> (SELECT COALESCE(MAX(e.seq), 0) FROM entries e WHERE e.team = b.team)",
            team => $"team {team}: entries are missing, or numbered twice"),
        ("""
         SELECT e.team || ', entry ' || e.seq FROM entries e JOIN entries p ON p.team = e.team AND p.seq = e.seq - 1 AND p.part = 0
         WHERE e.part = 0 AND e.balance <> p.balance + (CASE WHEN e.to_account = 'team:' || e.team THEN e.amount ELSE -e.amount END)
         """,
            where => $"team {where}: the balance after it does not follow from the one before"),
        ("SELECT e.team || ', entry ' || e.seq FROM entries e JOIN entries p ON p.team = e.team AND p.seq = e.seq - 1 AND p.part = 0 WHERE e.part = 0 AND e.time < p.time",
            where => $"team {where}: its time is before that of the one before"),
        ("SELECT e.team || ', entry ' || e.seq FROM entries e WHERE (e.part = 0) <> (e.from_account = 'team:' || e.team OR e.to_account = 'team:' || e.team)",
            where => $"team {where}: it moves money of an account that is not its own"),
        ("""
         SELECT e.team FROM (SELECT team, COUNT(*) AS answers, SUM(amount) AS charged, SUM(input) AS input, SUM(output) AS output FROM entries WHERE part = 0 AND kind = 'charge' GROUP BY team) e
         LEFT JOIN (SELECT team, SUM(answers) AS answers, SUM(charged) AS charged, SUM(input) AS input, SUM(output) AS output FROM usage_hours GROUP BY team) u ON u.team = e.team
         WHERE u.team IS NULL OR u.answers <> e.answers OR u.charged <> e.charged OR u.input <> e.input OR u.output <> e.output
         """,
            team => $"team {team}: the hourly sums are not those of its charges"),
        ("SELECT u.team FROM usage_hours u WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.team = u.team AND e.kind = 'charge') GROUP BY u.team",
            team => $"team {team}: there are hourly sums without charges"),
        ("""
         SELECT a.team FROM (SELECT team, SUM(CASE WHEN from_account = 'operator:overrun' THEN amount ELSE 0 END) AS overrun,
             SUM(CASE WHEN from_account = 'operator:discarded' THEN amount ELSE 0 END) AS discarded FROM entries GROUP BY team) a
         LEFT JOIN (SELECT team, SUM(overrun) AS overrun, SUM(discarded) AS discarded FROM usage_hours GROUP BY team) u ON u.team = a.team
         WHERE COALESCE(u.overrun, 0) <> a.overrun OR COALESCE(u.discarded, 0) <> a.discarded
         """,
            team => $"team {team}: what its answers cost the operator is not what the hourly sums say"),
        ("SELECT code FROM promo_codes c WHERE c.used <> (SELECT COUNT(*) FROM lots l WHERE l.rule LIKE 'promo:' || c.code || ':%')",
            code => $"promotional code {code}: it was not redeemed as often as it says"),
        ("SELECT l.team FROM lots l WHERE NOT EXISTS (SELECT 1 FROM balances b WHERE b.team = l.team) GROUP BY l.team",
            team => $"team {team}: it has grants and no balance"),
        ("""
         SELECT s.resource FROM (SELECT team, resource, SUM(given - returned - spent) AS out FROM slices WHERE resource LIKE 'lot:%' GROUP BY team, resource) s
         LEFT JOIN lots l ON 'lot:' || l.id = s.resource WHERE s.out > COALESCE(l.remains, 0)
         """,
            resource => $"{resource}: servers have more of it than remains"),
        ("SELECT team || ', ' || resource FROM slices WHERE given - returned - spent < 0", where => $"team {where}: a server has spent and given back more than it was given"),
    ];

    public static CheckReport Run(DatabaseSession session)
    {
        var problems = Checks.SelectMany(check => session.Query(check.Sql, row => check.Problem(row.GetString(0)))).ToList();
        return new CheckReport(problems.Count == 0, problems, Count(session, "SELECT COUNT(*) FROM balances"), Count(session, "SELECT COUNT(*) FROM entries"),
            Count(session, "SELECT COUNT(*) FROM entries WHERE part = 0 AND kind = 'charge'"));
    }

    private static long Count(DatabaseSession session, string sql) =>
        session.Query(sql, row => Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture))[0];
}
