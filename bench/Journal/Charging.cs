using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Bench.Journal;

/// <summary>What came of one run.</summary>
/// <param name="Durability">Whether each batch is flushed.</param>
/// <param name="ChargesPerSecond">Held, settled and durable.</param>
/// <param name="MedianMs">From settling to durable.</param>
/// <param name="AppliedPerSecond">In the books, from the first charge until the books had the last.</param>
/// <param name="Lag">Charges that the books did not have when the load ended.</param>
/// <param name="LagSeconds">How long they then took for those.</param>
internal sealed record Charged(Durability Durability, double ChargesPerSecond, double MedianMs, double P99Ms, double AppliedPerSecond, int Lag, double LagSeconds)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $$"""{"durability":"{{(Durability == Durability.Disk ? "disk" : "process")}}","chargesPerSecond":{{ChargesPerSecond:0}},"medianMs":{{MedianMs:0.###}},"p99Ms":{{P99Ms:0.###}},"appliedPerSecond":{{AppliedPerSecond:0}},"lag":{{Lag}},"lagSeconds":{{LagSeconds:0.###}}}""");
}

/// <summary>Callers that hold and settle one after the other on the real books: a SQLite file and a journal in a folder of their own.</summary>
internal static class Charging
{
    /// <summary>Charges; the journal has space for some hundred thousand.</summary>
    private const int MostBehind = 200_000;

    private static readonly Guid Team = new("00000000-0000-0000-0000-000000000001");
    private static readonly Payer Payer = new(Team, new Guid("00000000-0000-0000-0000-000000000002"), KeyBudget: null, Gateway: null);

    public static async Task<Charged> RunAsync(Durability durability, int callers, double seconds)
    {
        var folder = Directory.CreateTempSubdirectory("milliways-bench-").FullName;
        try
        {
            await using var database = LedgerDatabase.Open(Path.Combine(folder, "ledger.db"));
            database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'bench', 0)", ("$id", Team.ToString("N")));
            var now = TimeProvider.System.GetUtcNow();
            database.Run(session => session.Transact(() => LotBook.Add(session, new NewLot(Guid.CreateVersion7(now), Team, LotKind.Purchase, Money.Most / 2, null, now, "bench", null))));
            var config = new CreditsConfig { MonthlyGrant = null, Durability = durability };
            await using var books = Bookkeeping.Open(database, Path.Combine(folder, "charges.journal"), () => config, TimeProvider.System, NullLoggerFactory.Instance);
            return await ChargeAsync(books, durability, callers, seconds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Charged> ChargeAsync(Bookkeeping books, Durability durability, int callers, double seconds)
    {
        var began = Stopwatch.GetTimestamp();
        var waits = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var mine = new List<double>();
            for (var i = 0; Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; i++)
            {
                var request = string.Create(CultureInfo.InvariantCulture, $"req_bench_{caller}_{i}");
                // Faster than the books for longer than the journal has space: it waits for them, and the rates come near each other.
                if (books.Folder.Lag > MostBehind)
                    await books.Folder.CatchUpAsync(CancellationToken.None);
                var hold = (await books.Ledger.HoldAsync(Payer, request, 2_000_000, CancellationToken.None)).Hold ?? throw new InvalidOperationException("Nothing can be held: nothing was measured.");
                var settling = Stopwatch.GetTimestamp();
                await books.Ledger.SettleAsync(hold, new Charge
                {
                    RequestId = request, Payer = Payer, Time = TimeProvider.System.GetUtcNow(), Model = "gpt-4o-mini", Upstream = "mock/gpt-4o-mini",
                    Usage = new ChatUsage(25, 0, 0, 12, 0), Source = UsageSource.Reported, Ending = Ending.Completed, Cost = 1_250_000,
                });
                mine.Add(Stopwatch.GetElapsedTime(settling).TotalMilliseconds);
            }
            return mine;
        })));
        var charging = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var (lag, ended) = (books.Folder.Lag, Stopwatch.GetTimestamp());
        await books.Folder.CatchUpAsync(CancellationToken.None);
        var (lagging, whole) = (Stopwatch.GetElapsedTime(ended).TotalSeconds, Stopwatch.GetElapsedTime(began).TotalSeconds);
        var all = waits.SelectMany(mine => mine).Order().ToArray();
        return new Charged(durability, all.Length / charging, all[all.Length / 2], all[(int)(all.Length * 0.99)], all.Length / whole, lag, lagging);
    }
}
