using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Exchanges;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>Entries on their way into the books, many rows with one statement, and found again by their numbers.</summary>
public sealed class EntryTests
{
    private static readonly Guid Team = new("00000000-0000-0000-0000-000000000001"), Key = new("00000000-0000-0000-0000-000000000002"), Journal = new("00000000-0000-0000-0000-000000000003");
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 0, 0, 0, TimeSpan.Zero);

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Of_a_batch_with_charges_that_are_in_the_books_already_the_others_are_taken_and_no_number_is_missing(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        var lot = Give(database);
        // Three hundred: more than one statement takes. What another journal has brought stands in the middle, with what it cost the operator, and at the end; and one comes twice in the batch.
        var postings = Enumerable.Range(0, 300).Select(i => Charged(lot, i, Start.AddSeconds(i)) with { Overrun = i == 150 ? 3 : 0 }).ToList();
        Apply(database, Guid.Empty, [postings[150], postings[299]]);
        Apply(database, Journal, [.. postings, postings[7]]);

        Assert.Equal(Enumerable.Range(1, 301).Select(seq => (long)seq), database.Query("SELECT seq FROM entries WHERE part = 0 ORDER BY seq", row => row.GetInt64(0)));
        Assert.Single(database.Query("SELECT seq FROM entries WHERE part = 1", row => row.GetInt64(0)));
        Assert.Equal(300, database.Query("SELECT DISTINCT request_id FROM entries WHERE kind = 'charge'", row => row.GetString(0)).Count);
        Assert.Equal(1_000_000 - (300 * 10), database.Query("SELECT balance FROM balances", row => row.GetInt64(0))[0]);
        Assert.True(database.Run(BookCheck.Run).Ok);
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Every_field_of_a_charge_is_in_its_row_whether_it_stands_among_many_or_alone(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        var lot = Give(database);
        Apply(database, Journal, [.. Enumerable.Range(0, 33).Select(i => Charged(lot, i, Start) with { Overrun = i == 5 ? 7 : 0 })]);
        var rows = database.Query(
            """
            SELECT seq, part, from_account, to_account, amount, request_id, key_id, gateway, model, upstream, input, cached, cache_write, output, reasoning, images, usage_source, ending, tags,
              team, time, kind, balance, reason FROM entries WHERE kind = 'charge' ORDER BY seq, part
            """, row => Enumerable.Range(0, 24).Select(i => row.IsDBNull(i) ? null : row.GetValue(i)).ToArray());
        Assert.Equal(34, rows.Count);
        foreach (var row in rows.Where(row => row[1] is 0L))
            Assert.Equal([$"team:{Team:N}", "operator:revenue", 10L, $"r{(long)row[0]! - 2}", Key.ToString("D"), "front", "m", "lab/m", 12L, 2L, 3L, 5L, 4L, 6L, "estimated", "client_gone", $"t{(long)row[0]! - 2}", .. Common(1_000_000 - (10 * ((long)row[0]! - 1)))], row[2..]);
        Assert.Equal([7L, 1L, "operator:overrun", "operator:revenue", 7L, "r5", Key.ToString("D"), "front", "m", "lab/m", 0L, 0L, 0L, 0L, 0L, 0L, "estimated", "client_gone", "t5", .. Common(1_000_000 - 60)], Assert.Single(rows, row => row[1] is 1L));

        static object?[] Common(long balance) => [Team.ToString("N"), Start.ToUnixTimeMilliseconds(), "charge", balance, ""];
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task The_first_entry_at_a_time_or_later_is_found_among_equal_times_and_gaps_and_before_and_behind_all(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        Assert.Equal(1, database.Run(session => EntryTimes.FirstAt(session, Team, 0)));
        var lot = Give(database); // number 1, at the start
        int[] seconds = [0, 5, 5, 5, 6, 20, 20, 40];
        Apply(database, Journal, [.. seconds.Select((second, i) => Charged(lot, i, Start.AddSeconds(second)))]);
        for (var second = -1; second <= 41; second++)
        {
            var expected = second <= 0 ? 1 : 2 + seconds.Count(one => one < second);
            Assert.Equal((second, (long)expected), (second, database.Run(session => EntryTimes.FirstAt(session, Team, Start.AddSeconds(second).ToUnixTimeMilliseconds()))));
        }
        // Another team's entries are nobody's here.
        Assert.Equal(1, database.Run(session => EntryTimes.FirstAt(session, Key, long.MaxValue)));
    }

    private static Guid Give(LedgerDatabase database)
    {
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'team', 0)", ("$id", Team.ToString("N")));
        var lot = Guid.CreateVersion7(Start);
        database.Run(session => session.Transact(() => LotBook.Add(session, new NewLot(lot, Team, LotKind.Grant, 1_000_000, null, Start, "test", null))));
        return lot;
    }

    private static Posting Charged(Guid lot, int number, DateTimeOffset time) => new()
    {
        Kind = PostingKind.Charge, Team = Team, Time = time, Draws = [new Draw(lot, 10)],
        Charge = new Charge
        {
            RequestId = $"r{number}", Payer = new Payer(Team, Key, null, "front"), Time = time, Model = "m", Upstream = "lab/m", Usage = new(7, 2, 3, 5, 4), Images = 6,
            Source = UsageSource.Estimated, Ending = Ending.ClientGone, Cost = 10, Tags = $"t{number}",
        },
    };

    private static void Apply(LedgerDatabase database, Guid journal, IReadOnlyList<Posting> postings) =>
        database.Run(session => BookKeeper.Apply(session, journal, [.. postings.Select((posting, i) => (i + 1L, posting))]));
}
