using System.Text.Json;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Billing;

/// <summary>What can be done with invoices: authorization, the change and its audit row, whoever asks. A team is its id.</summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class InvoiceCommands(
    LedgerDatabase database, IServiceProvider services, ConfigState config, TeamCommands teams, BillingInfoStore infos, AuditLog audit, TimeProvider time)
{
    /// <summary>How long somebody who makes invoices waits for the books to have what is durable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Where months begin.</summary>
    public TimeZoneInfo Zone => config.InEffect.Billing.TimeZone ?? config.InEffect.Credits.MonthlyGrant?.TimeZone ?? TimeZoneInfo.Utc;

    /// <summary>Makes what is missing up to a month, once whoever asks and however often.</summary>
    /// <param name="actor">Only the operator.</param>
    /// <param name="team">Null: all teams.</param>
    /// <param name="month">As <c>2024-11</c>; null: the last one that is over.</param>
    /// <param name="cancel">Ends the wait for the books.</param>
    public async Task<IReadOnlyList<Invoice>> MakeAsync(Actor actor, string? team, string? month, CancellationToken cancel)
    {
        await OffSockets();
        if (!actor.May(Right.MakeInvoices, Guid.Empty))
            throw new CommandException(CommandProblem.Forbidden, "Only the operator makes invoices.");
        var (now, over) = (time.GetUtcNow(), InvoiceMonth.At(time.GetUtcNow(), Zone).Previous);
        var last = over;
        if (month is not null && !InvoiceMonth.TryParse(month, Zone, out last))
            throw new CommandException(CommandProblem.Invalid, $"\"{month}\" is no month: write it as 2024-11.");
        if (last.First > over.First)
            throw new CommandException(CommandProblem.Conflict, $"The month {last.Name} is not over: its invoices are made from {last.End.UtcDateTime:yyyy-MM-dd HH:mm} UTC on.");
        IReadOnlyList<Team> buyers = team is null ? teams.List(actor) : [teams.Show(actor, team)];
        await CatchUpAsync(cancel);
        return [.. buyers.SelectMany(buyer => Make(actor, buyer, last, now))];
    }

    /// <summary>A team's, the oldest first.</summary>
    public async Task<IReadOnlyList<Invoice>> ListAsync(Actor actor, string? team)
    {
        await OffSockets();
        var id = teams.Show(actor, team).Id;
        actor.Demand(Right.SeeBilling, id, "see the team's invoices");
        return database.Run(session => InvoiceBook.Of(session, id));
    }

    /// <param name="actor">Who may see the team's invoices.</param>
    /// <param name="number">Its number or its id.</param>
    public async Task<Invoice> ShowAsync(Actor actor, string number)
    {
        await OffSockets();
        var found = database.Run(session => InvoiceBook.Find(session, number));
        if (found is null || !actor.Knows(Guid.ParseExact(found.Team, "N")))
            throw new CommandException(CommandProblem.NotFound, $"There is no invoice {number}.");
        actor.Demand(Right.SeeBilling, Guid.ParseExact(found.Team, "N"), "see the team's invoices");
        return found;
    }

    /// <summary>What the team's next invoice would say if the month were over now.</summary>
    public async Task<Invoice> PreviewAsync(Actor actor, string? team, CancellationToken cancel)
    {
        await OffSockets();
        var buyer = teams.Show(actor, team);
        actor.Demand(Right.SeeBilling, buyer.Id, "see the team's invoices");
        await CatchUpAsync(cancel);
        return database.Run(session => InvoiceBook.Preview(session, buyer.Id, InvoiceMonth.At(time.GetUtcNow(), Zone), Terms(buyer), time.GetUtcNow()));
    }

    private List<Invoice> Make(Actor actor, Team team, InvoiceMonth last, DateTimeOffset now) => database.Transact(session =>
    {
        var made = InvoiceBook.Make(session, team.Id, last, Terms(team), now);
        foreach (var invoice in made)
            audit.Write(actor, team.Id, "invoices.make", $"invoice:{invoice.Number}", after: JsonSerializer.Serialize(new InvoiceList([InvoiceSummary.Of(invoice)]), InvoiceJson.Default.InvoiceList));
        return made;
    });

    private InvoiceTerms Terms(Team team)
    {
        var (billing, seller) = (config.InEffect.Billing, config.InEffect.Billing.Seller);
        return new InvoiceTerms(
            billing.Series, new InvoiceParty(seller.Name, seller.Address, seller.TaxNumber, seller.Email), infos.Of(team.Id)?.ToParty(team.Name) ?? new InvoiceParty(team.Name, [], "", ""), billing.Taxes);
    }

    private async Task CatchUpAsync(CancellationToken cancel)
    {
        var folder = services.GetRequiredService<Bookkeeping>().Folder;
        try
        {
            await folder.CatchUpAsync(cancel).WaitAsync(Patience, time, cancel);
        }
        catch (TimeoutException)
        {
            throw new CommandException(CommandProblem.Conflict, $"The database is away: {folder.Lag} charges wait in the journal. Try again when it is back.");
        }
        await OffSockets();
    }

    private static System.Runtime.CompilerServices.ConfiguredTaskAwaitable OffSockets() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
