using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Alerts;

/// <summary>Alerts in the registry of commands.</summary>
internal sealed class AlertsAdmin(LedgerDatabase database, TeamCommands teams, IServiceProvider services, TimeProvider time) : IAdminCommandSet
{
    public static readonly AdminCommand<AlertsQuery, AlertList> ListAll = new("alerts list", AlertJson.Default.AlertsQuery, AlertJson.Default.AlertList);
    public static readonly AdminCommand<TestRequest, TestReport> Test = new("alerts test", AlertJson.Default.TestRequest, AlertJson.Default.TestReport);

    private const int MostListed = 10_000, UsuallyListed = 100;

    public void AddTo(AdminCommands commands)
    {
        commands.AddAsync(ListAll, (actor, request) => new(ListAsync(actor, request)));
        commands.AddAsync(Test, (actor, _) => new(TestAsync(actor)));
    }

    private AlertsConfig? Config => services.GetRequiredService<ConfigState>().InEffect.Alerts;

    private async Task<AlertList> ListAsync(Actor actor, AlertsQuery query)
    {
        Demand(actor);
        var limit = query.Limit ?? UsuallyListed;
        if (limit is < 1 or > MostListed)
            throw new CommandException(CommandProblem.Invalid, $"A list has from 1 to {MostListed} alerts: correct --limit.");
        var team = query.Team is null ? null : teams.Show(actor, query.Team).Account;
        return await database.ReadAsync(session => new AlertList(Config is not null,
            session.Query("SELECT target FROM alert_targets ORDER BY target", row => row.GetString(0)), AlertBook.List(session, team, limit)));
    }

    /// <summary>A try for each of the operator's targets, at once and without another; one that had been switched off and takes it is on again.</summary>
    private async Task<TestReport> TestAsync(Actor actor)
    {
        Demand(actor);
        if (Config is not { } config || (config.Webhooks.Count == 0 && config.Smtp is null))
            throw new CommandException(CommandProblem.Conflict, "No alerts are configured: the section \"alerts\" of the configuration names webhooks and a mail server.");
        var sighting = new Sighting(AlertTypes.Test, Team: null, "", new AlertData("This is a test: alerts arrive here."));
        var alert = Alert.Of(sighting, time.GetUtcNow());
        var targets = await database.ReadAsync(session => AlertTargets.Of(session, config, sighting));
        var courier = services.GetRequiredService<AlertCourier>();
        var results = await Task.WhenAll(targets.Select(async target => (Target: target, Result: await courier.DeliverAsync(target, alert.ToJson(), CancellationToken.None))));
        foreach (var (target, _) in results.Where(one => one.Result.Kind == DeliveryKind.Delivered))
            await database.RunAsync(session => AlertBook.SwitchOn(session, target));
        return new TestReport(results.All(one => one.Result.Kind == DeliveryKind.Delivered), alert.Id,
            [.. results.Select(one => new TestResult(one.Target, one.Result.Kind == DeliveryKind.Delivered, one.Result.Error))]);
    }

    private static void Demand(Actor actor)
    {
        if (actor is not OperatorActor)
            throw new CommandException(CommandProblem.Forbidden, "Only the operator sees and tests alerts.");
    }
}
