using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Grants;
using Milliways.Hosting;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>
/// What people and programs do with credit; the command line, the admin socket and HTTP only map shapes to these methods. Everything shown is durable. Amounts
/// are ticks. For a team that does not exist a <see cref="UserErrorException"/> says so.
/// </summary>
internal sealed class CreditCommands(LedgerDatabase database, Bookkeeping books, TimeProvider time)
{
    /// <summary>The longest page of a statement.</summary>
    public const int MostEntries = 100_000;

    public async Task<CreditsShown> ShowAsync(Guid team, CancellationToken cancel)
    {
        var account = await OpenAsync(team, cancel);
        var now = time.GetUtcNow();
        lock (account.Gate)
            return new CreditsShown(
                team.ToString("N"), account.Balance, account.Held, account.Available(now), account.Owed, account.Allowance, Money.Format(account.Balance),
                [.. account.Lots.Select(lot => new GrantShown(lot.Id.ToString("N"), Words.Of(lot.Kind), lot.Amount, lot.Left, StatementReader.Text(lot.Expires)))])
            {
                SpentTicks = account.Spending.Spent(now), SoftLimitTicks = account.Spending.Limit.Soft, HardLimitTicks = account.Spending.Limit.Hard,
            };
    }

    /// <summary>Credit for nothing.</summary>
    /// <param name="expires">Null: never.</param>
    public Task<CreditChange> GrantAsync(Guid team, long ticks, DateTimeOffset? expires, string reason, CancellationToken cancel) =>
        AddAsync(team, LotKind.Grant, ticks, expires, reason, cancel);

    /// <summary>Credit that was paid for; the rule on purchases adds its bonus in the same transaction.</summary>
    public Task<CreditChange> PurchaseAsync(Guid team, long ticks, string reason, CancellationToken cancel) =>
        AddAsync(team, LotKind.Purchase, ticks, expires: null, reason, cancel);

    /// <summary>A correction, up or down, with its reason. Down it takes what is there, and the team owes the rest.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be made durable.</exception>
    public async Task<CreditChange> AdjustAsync(Guid team, long ticks, string reason, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(reason))
            throw new UserErrorException("An adjustment needs a reason: add --reason TEXT.", ExitCode.Usage);
        if (ticks >= 0)
            return await AddAsync(team, LotKind.Adjustment, ticks, expires: null, reason, cancel);
        await OpenAsync(team, cancel);
        CheckAmount(-ticks);
        await books.Ledger.TakeAwayAsync(team, -ticks, reason);
        return new CreditChange(team.ToString("N"), null, Words.Of(LotKind.Adjustment), ticks, 0, await BalanceAsync(team));
    }

    /// <summary>Entries of a team, opening and closing balance; what is durable is in the books first.</summary>
    /// <param name="ledger">Every posting too, the operator's included.</param>
    public async Task<Statement> StatementAsync(Guid team, StatementRange range, bool ledger, CancellationToken cancel)
    {
        var account = await OpenAsync(team, cancel);
        await books.Folder.CatchUpAsync(cancel);
        long held;
        lock (account.Gate)
            held = account.Held;
        return await database.RunAsync(session => StatementReader.Read(session, team, range with { Most = Math.Clamp(range.Most, 1, MostEntries) }, held, ledger));
    }

    /// <summary>Open holds of one team, or of all.</summary>
    public HoldsShown Holds(Guid? team) => new([.. books.Ledger.Accounts.Where(account => team is null || account.Team == team).SelectMany(HoldsOf).OrderByDescending(hold => hold.AgeSeconds)]);

    /// <param name="code">Null: one that nobody guesses is made.</param>
    public async Task<PromoShown> CreatePromoAsync(string? code, long ticks, int most, DateTimeOffset? until, TimeSpan? lasts)
    {
        CheckAmount(ticks);
        if (most < 1)
            throw new UserErrorException("A promotional code is for at least one team: correct --most.", ExitCode.Usage);
        var promo = new PromoCode((code ?? PromoCodes.New()).Trim().ToUpperInvariant(), ticks, most, until, lasts);
        if (promo.Code.Length is 0 or > 64 || promo.Code.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '-'))
            throw new UserErrorException("A promotional code has 1 to 64 letters, digits and hyphens: correct --code.", ExitCode.Usage);
        await database.RunAsync(session =>
        {
            PromoCodes.Create(session, promo, time.GetUtcNow());
            return true;
        });
        return new PromoShown(promo.Code, ticks, most, StatementReader.Text(until), lasts?.TotalSeconds);
    }

    public async Task<CreditChange> RedeemPromoAsync(Guid team, string code, CancellationToken cancel)
    {
        await OpenAsync(team, cancel);
        var lot = await database.RunAsync(session => PromoCodes.Redeem(session, code, team, time.GetUtcNow()));
        return await AddedAsync(lot, bonus: 0);
    }

    /// <summary>Bounds of what a team, or one of its gateways, spends in a calendar month (UTC); null: none.</summary>
    public async Task SetSpendingLimitAsync(Guid team, string? gateway, SpendingLimit limit, CancellationToken cancel)
    {
        await OpenAsync(team, cancel);
        await database.RunAsync(session => session.Execute(
            """
            INSERT INTO spending_limits (team, gateway, soft, hard) VALUES ($team, $gateway, $soft, $hard)
            ON CONFLICT (team, gateway) DO UPDATE SET soft = excluded.soft, hard = excluded.hard
            """, ("$team", team.ToString("N")), ("$gateway", gateway ?? ""), ("$soft", limit.Soft), ("$hard", limit.Hard)));
        await books.Ledger.RefreshAsync(team);
    }

    /// <summary>What a team may owe; null: as the configuration says.</summary>
    public async Task SetPostpaidAsync(Guid team, long? ticks, CancellationToken cancel)
    {
        await OpenAsync(team, cancel);
        await database.RunAsync(session => session.Transact(() =>
        {
            BookRow.Take(session, team);
            return session.Execute("UPDATE balances SET postpaid = $ticks WHERE team = $team", ("$ticks", ticks), ("$team", team.ToString("N")));
        }));
        await books.Ledger.RefreshAsync(team);
    }

    /// <summary>Whether the books are right, memory and journal included.</summary>
    public async Task<CheckReport> CheckAsync(CancellationToken cancel)
    {
        if (books.Ledger.Unavailable is { } trouble)
            return new CheckReport(false, [$"no credit can be used at the moment: {trouble}"], 0, 0, 0);
        await books.Folder.CatchUpAsync(cancel);
        var report = await database.RunAsync(BookCheck.Run);
        var problems = report.Problems.Concat(books.Ledger.Accounts.SelectMany(AccountCheck.Problems)).ToList();
        return report with { Ok = problems.Count == 0, Problems = problems };
    }

    private async Task<CreditChange> AddAsync(Guid team, LotKind kind, long ticks, DateTimeOffset? expires, string reason, CancellationToken cancel)
    {
        await OpenAsync(team, cancel);
        CheckAmount(ticks);
        var now = time.GetUtcNow();
        if (expires <= now)
            throw new UserErrorException("Credit that has expired already is none: correct --expires.", ExitCode.Usage);
        var lot = new NewLot(Guid.CreateVersion7(now), team, kind, ticks, expires, now, reason, Rule: null);
        var bonus = await database.RunAsync(session => session.Transact(() =>
        {
            LotBook.Add(session, lot);
            return kind == LotKind.Purchase && books.Rules.BonusRule is { } rule && Bonus.Covers(rule, now) ? AddBonus(session, lot, Bonus.Of(rule, ticks)) : 0;
        }));
        return await AddedAsync(lot, bonus);
    }

    private static long AddBonus(DatabaseSession session, NewLot purchase, long ticks)
    {
        LotBook.Add(session, purchase with { Id = Guid.CreateVersion7(purchase.Time), Kind = LotKind.Bonus, Ticks = ticks, Reason = "bonus on a purchase", Rule = Bonus.Rule(purchase.Id) });
        return ticks;
    }

    private async Task<CreditChange> AddedAsync(NewLot lot, long bonus)
    {
        await books.Ledger.RefreshAsync(lot.Team);
        return new CreditChange(lot.Team.ToString("N"), lot.Id.ToString("N"), Words.Of(lot.Kind), lot.Ticks, bonus, await BalanceAsync(lot.Team));
    }

    private async Task<long> BalanceAsync(Guid team)
    {
        var account = await books.Ledger.OpenAsync(team, CancellationToken.None);
        lock (account.Gate)
            return account.Balance;
    }

    private async Task<Account> OpenAsync(Guid team, CancellationToken cancel)
    {
        if (await database.RunAsync(session => session.Query("SELECT 1 FROM teams WHERE id = $id", row => row.GetInt64(0), ("$id", team.ToString("N"))).Count) == 0)
            throw new UserErrorException($"There is no team {team:N}: milliways teams list shows those there are.");
        return await books.Ledger.OpenAsync(team, cancel);
    }

    private List<HoldShown> HoldsOf(Account account)
    {
        var now = time.GetUtcNow();
        lock (account.Gate)
            return [.. account.Holds.Where(hold => hold.Payer is not null).Select(hold => new HoldShown(
                hold.RequestId, account.Team.ToString("N"), hold.Payer?.Key.ToString("D"), hold.Ticks, Math.Max(0, (now - hold.Since).TotalSeconds), Environment.MachineName))];
    }

    private static void CheckAmount(long ticks)
    {
        if (ticks is <= 0 or > Money.Most)
            throw new UserErrorException($"An amount is more than 0 and at most {Money.Format(Money.Most)} dollars: correct it.", ExitCode.Usage);
    }
}
