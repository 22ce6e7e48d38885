using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Grants;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Credits;

/// <summary>
/// What people and programs do with credit: authorization, the change and its audit row stand here once, whoever asks; the command line, the admin socket, HTTP
/// and the console only map shapes. Everything shown is durable. Amounts are ticks; a team is its id, null the first one.
/// </summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class CreditCommands(LedgerDatabase database, Bookkeeping books, TeamCommands teams, AuditLog audit, TimeProvider time)
{
    /// <summary>The longest page of a statement.</summary>
    public const int MostEntries = 100_000;

    /// <summary>How long somebody who reads waits for the books to have what is durable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<CreditsShown> ShowAsync(Actor actor, string? team, CancellationToken cancel) =>
        await books.Funds.ShowAsync(await FindAsync(actor, team, Right.SeeCredits, "see the team's credits"), cancel);

    /// <summary>The same for whoever holds a key of the team: a key may always ask what it can spend.</summary>
    public Task<CreditsShown> ShowToKeyAsync(Guid team, CancellationToken cancel) => books.Funds.ShowAsync(team, cancel);

    /// <summary>Credit for nothing.</summary>
    /// <param name="expires">Null: never.</param>
    public Task<CreditChange> GrantAsync(Actor actor, string? team, long ticks, DateTimeOffset? expires, string reason, CancellationToken cancel) =>
        AddAsync(actor, team, LotKind.Grant, ticks, expires, reason, "credits.grant", cancel);

    /// <summary>Credit that was paid for; the rule on purchases adds its bonus in the same transaction.</summary>
    public Task<CreditChange> PurchaseAsync(Actor actor, string? team, long ticks, string reason, CancellationToken cancel) =>
        AddAsync(actor, team, LotKind.Purchase, ticks, expires: null, reason, "credits.purchase", cancel);

    /// <summary>The same by a management key that the operator made, where the configuration lets such keys.</summary>
    public Task<CreditChange> TopUpAsync(Actor actor, string? team, long ticks, CancellationToken cancel) =>
        AddAsync(actor, team, LotKind.Purchase, ticks, expires: null, $"top-up by {actor.Word}", "credits.top-up", cancel, Right.TopUp);

    /// <summary>A correction, up or down, with its reason. Down it takes what is there, and the team owes the rest.</summary>
    public async Task<CreditChange> AdjustAsync(Actor actor, string? team, long ticks, string reason, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(reason))
            throw new CommandException(CommandProblem.Invalid, "An adjustment needs a reason: add --reason TEXT.");
        if (ticks >= 0)
            return await AddAsync(actor, team, LotKind.Adjustment, ticks, expires: null, reason, "credits.adjust", cancel);
        var id = await FindAsync(actor, team, Right.ChangeCredits, "change the team's credits");
        CheckAmount(ticks == long.MinValue ? ticks : -ticks);
        try
        {
            await books.Funds.TakeAwayAsync(id, -ticks, reason);
        }
        catch (LedgerUnavailableException away)
        {
            throw new CommandException(CommandProblem.Conflict, $"{away.Message} Try again: {away.InnerException?.Message}");
        }
        await CatchUpAsync(cancel); // so that it stands in the statement before whatever comes after it
        await ChangeAsync(actor, id, "credits.adjust", $"team:{id:D}", $"{Money.Format(ticks)} ({reason})", _ => true);
        return new CreditChange(id.ToString("N"), null, Words.Of(LotKind.Adjustment), ticks, 0, await BalanceAsync(id, cancel));
    }

    /// <summary>Entries of a team, opening and closing balance; what is durable is in the books first.</summary>
    /// <param name="ledger">Every posting too, the operator's included.</param>
    public async Task<Statement> StatementAsync(Actor actor, string? team, StatementRange range, bool ledger, CancellationToken cancel)
    {
        var id = await FindAsync(actor, team, Right.SeeCredits, "see the team's credits");
        await CatchUpAsync(cancel);
        var held = await books.Funds.HeldAsync(id, cancel);
        return await database.RunAsync(session => StatementReader.Read(session, id, range with { Most = Math.Clamp(range.Most, 1, MostEntries) }, held, ledger));
    }

    /// <summary>Open holds of one team, or of all that who asks may see.</summary>
    public async Task<HoldsShown> HoldsAsync(Actor actor, string? team, CancellationToken cancel)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the team is looked up in the database, which blocks
        var one = team is null ? null : teams.Show(actor, team).Id.ToString("N");
        var holds = await books.Funds.HoldsAsync(cancel);
        return new HoldsShown([.. holds.Where(hold => (one is null || hold.Team == one) && actor.May(Right.SeeCredits, Guid.ParseExact(hold.Team, "N"))).OrderByDescending(hold => hold.AgeSeconds)]);
    }

    /// <param name="code">Null: one that nobody guesses is made.</param>
    public async Task<PromoShown> CreatePromoAsync(Actor actor, string? code, long ticks, int most, DateTimeOffset? until, TimeSpan? lasts)
    {
        if (!actor.May(Right.ChangeCredits, Guid.Empty))
            throw new CommandException(CommandProblem.Forbidden, "Only the operator makes promotional codes.");
        CheckAmount(ticks);
        if (most < 1)
            throw new CommandException(CommandProblem.Invalid, "A promotional code is for at least one team: correct --most.");
        var promo = new PromoCode((code ?? PromoCodes.New()).Trim().ToUpperInvariant(), ticks, most, until, lasts);
        if (promo.Code.Length is 0 or > 64 || promo.Code.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '-'))
            throw new CommandException(CommandProblem.Invalid, "A promotional code has 1 to 64 letters, digits and hyphens: correct --code.");
        await ChangeAsync(actor, null, "credits.promo-create", $"promo:{promo.Code}", $"{Money.Format(ticks)} for {most}", session =>
        {
            PromoCodes.Create(session, promo, time.GetUtcNow());
            return true;
        });
        return new PromoShown(promo.Code, ticks, most, StatementReader.Text(until), lasts?.TotalSeconds);
    }

    public async Task<CreditChange> RedeemPromoAsync(Actor actor, string? team, string code, CancellationToken cancel)
    {
        var id = await FindAsync(actor, team, Right.RedeemPromo, "redeem promotional codes");
        var lot = await ChangeAsync(actor, id, "credits.promo-redeem", $"team:{id:D}", code.Trim().ToUpperInvariant(), session => PromoCodes.Redeem(session, code, id, time.GetUtcNow()));
        return await AddedAsync(lot, bonus: 0, cancel);
    }

    /// <summary>Bounds of what a team, or one of its gateways, spends in a calendar month (UTC); null: none.</summary>
    public async Task<CreditsShown> SetSpendingLimitAsync(Actor actor, string? team, string? gateway, SpendingLimit limit, CancellationToken cancel)
    {
        var id = await FindAsync(actor, team, Right.SetSpendingLimits, "limit the team's spending");
        if (limit.Soft is < 0 || limit.Hard is < 0)
            throw new CommandException(CommandProblem.Invalid, "A spending limit is at least 0: correct --soft and --hard.");
        await ChangeAsync(actor, id, "credits.limit", $"team:{id:D}", $"{gateway ?? "team"}: soft {Text(limit.Soft)}, hard {Text(limit.Hard)}", session => session.Execute(
            """
            INSERT INTO spending_limits (team, gateway, soft, hard) VALUES ($team, $gateway, $soft, $hard)
            ON CONFLICT (team, gateway) DO UPDATE SET soft = excluded.soft, hard = excluded.hard
            """, ("$team", id.ToString("N")), ("$gateway", gateway ?? ""), ("$soft", limit.Soft), ("$hard", limit.Hard)));
        await books.Funds.ChangedAsync(id);
        return await books.Funds.ShowAsync(id, cancel);
    }

    /// <summary>What a team may owe; null: as the configuration says.</summary>
    public async Task<CreditsShown> SetPostpaidAsync(Actor actor, string? team, long? ticks, CancellationToken cancel)
    {
        var id = await FindAsync(actor, team, Right.ChangeCredits, "change what the team may owe");
        if (ticks is < 0 or > Money.Most)
            throw new CommandException(CommandProblem.Invalid, $"An allowance is from 0 to {Money.Format(Money.Most)} dollars: correct it.");
        await ChangeAsync(actor, id, "credits.postpaid", $"team:{id:D}", Text(ticks), session =>
        {
            BookRow.Take(session, id);
            return session.Execute("UPDATE balances SET postpaid = $ticks WHERE team = $team", ("$ticks", ticks), ("$team", id.ToString("N")));
        });
        await books.Funds.ChangedAsync(id);
        return await books.Funds.ShowAsync(id, cancel);
    }

    /// <summary>Whether the books are right, memory and journal included.</summary>
    public async Task<CheckReport> CheckAsync(Actor actor, CancellationToken cancel)
    {
        if (!actor.May(Right.ChangeCredits, Guid.Empty))
            throw new CommandException(CommandProblem.Forbidden, "Only the operator checks the books.");
        if (books.Trouble is { } trouble)
            return new CheckReport(false, [$"no credit can be used at the moment: {trouble}"], 0, 0, 0);
        await CatchUpAsync(cancel);
        var report = await database.RunAsync(BookCheck.Run);
        var problems = report.Problems.Concat(books.Funds.Problems()).ToList();
        return report with { Ok = problems.Count == 0, Problems = problems };
    }

    private async Task<CreditChange> AddAsync(
        Actor actor, string? team, LotKind kind, long ticks, DateTimeOffset? expires, string reason, string action, CancellationToken cancel, Right right = Right.ChangeCredits)
    {
        var id = await FindAsync(actor, team, right, "change the team's credits");
        CheckAmount(ticks);
        var now = time.GetUtcNow();
        if (expires <= now)
            throw new CommandException(CommandProblem.Invalid, "Credit that has expired already is none: correct --expires.");
        var lot = new NewLot(Guid.CreateVersion7(now), id, kind, ticks, expires, now, reason, Rule: null);
        var bonus = await ChangeAsync(actor, id, action, $"team:{id:D}", $"{Money.Format(ticks)} ({reason})", session =>
        {
            LotBook.Add(session, lot);
            return kind == LotKind.Purchase && books.Rules.BonusRule is { } rule && Bonus.Covers(rule, now) ? AddBonus(session, lot, Bonus.Of(rule, ticks)) : 0;
        });
        return await AddedAsync(lot, bonus, cancel);
    }

    private static long AddBonus(DatabaseSession session, NewLot purchase, long ticks)
    {
        LotBook.Add(session, purchase with { Id = Guid.CreateVersion7(purchase.Time), Kind = LotKind.Bonus, Ticks = ticks, Reason = "bonus on a purchase", Rule = Bonus.Rule(purchase.Id) });
        return ticks;
    }

    private async Task<CreditChange> AddedAsync(NewLot lot, long bonus, CancellationToken cancel)
    {
        await books.Funds.ChangedAsync(lot.Team);
        return new CreditChange(lot.Team.ToString("N"), lot.Id.ToString("N"), Words.Of(lot.Kind), lot.Ticks, bonus, await BalanceAsync(lot.Team, cancel));
    }

    /// <summary>A change and its audit row in one transaction, off the threads of sockets.</summary>
    private async Task<T> ChangeAsync<T>(Actor actor, Guid? team, string action, string @object, string after, Func<DatabaseSession, T> change)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return database.Run(session => session.Transact(() =>
        {
            var made = change(session);
            audit.Write(actor, team, action, @object, after: System.Text.Json.JsonSerializer.Serialize(new AuditedChange(after), CreditsJson.Default.AuditedChange));
            return made;
        }));
    }

    private async Task<Guid> FindAsync(Actor actor, string? team, Right right, string what)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the team is looked up in the database, which blocks
        var id = teams.Show(actor, team).Id;
        actor.Demand(right, id, what);
        return id;
    }

    private async Task CatchUpAsync(CancellationToken cancel)
    {
        try
        {
            await books.Folder.CatchUpAsync(cancel).WaitAsync(Patience, time, cancel);
        }
        catch (TimeoutException)
        {
            throw new CommandException(CommandProblem.Conflict, $"The database is away: {books.Folder.Lag} charges wait in the journal. Try again when it is back.");
        }
    }

    private async Task<long> BalanceAsync(Guid team, CancellationToken cancel) => (await books.Funds.ShowAsync(team, cancel)).BalanceTicks;

    private static string Text(long? ticks) => ticks is { } some ? Money.Format(some) : "none";

    private static void CheckAmount(long ticks)
    {
        if (ticks is <= 0 or > Money.Most)
            throw new CommandException(CommandProblem.Invalid, $"An amount is more than 0 and at most {Money.Format(Money.Most)} dollars: correct it.");
    }
}
