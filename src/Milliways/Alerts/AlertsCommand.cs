using System.CommandLine;
using Milliways.Hosting;
using Milliways.Hosting.Admin;

namespace Milliways.Alerts;

/// <summary><c>milliways alerts</c>.</summary>
internal static class AlertsCommand
{
    public static Command Create() => new("alerts",
        "See what was told to webhooks and by mail, and try whether it arrives.\n\nExamples:\n  milliways alerts list --limit 20\n  milliways alerts list --team TEAM --json\n  milliways alerts test")
    {
        List(), Test(),
    };

    private static Command List()
    {
        var options = DoorOptions.Create();
        var team = new Option<string?>("--team") { Description = "Of one team only", HelpName = "TEAM" };
        var limit = new Option<int>("--limit") { Description = "How many, the newest first", HelpName = "N", DefaultValueFactory = _ => 100 };
        var list = options.Command("list", "List alerts and what became of their deliveries, the newest first", team, limit);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, AlertsAdmin.ListAll, new AlertsQuery(parsed.GetValue(team), parsed.GetValue(limit)), Print));
        return list;
    }

    private static Command Test()
    {
        var options = DoorOptions.Create();
        var test = options.Command("test", "Send a test to every webhook and mail address of the configuration; exits with 1 when one did not get it");
        test.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, AlertsAdmin.Test, new TestRequest(), report =>
        {
            foreach (var result in report.Results)
                Console.WriteLine($"{(result.Ok ? "ok    " : "failed")}  {result.Target}{(result.Error is null ? "" : $"  {result.Error}")}");
        }, report => report.Ok ? ExitCode.Done : ExitCode.Failed));
        return test;
    }

    private static void Print(AlertList list)
    {
        if (!list.Configured)
            Console.WriteLine("No alerts are configured.");
        foreach (var target in list.Off)
            Console.WriteLine($"switched off by its 410: {target}");
        foreach (var alert in list.Alerts)
        {
            Console.WriteLine($"{alert.Created}  {alert.Type}  {alert.Data.Message}");
            foreach (var delivery in alert.Deliveries)
                Console.WriteLine($"    {delivery.State}  {delivery.Target}  tries {delivery.Attempts}{(delivery.Due is null ? "" : $"  next {delivery.Due}")}{(delivery.Error is null ? "" : $"  {delivery.Error}")}");
        }
    }
}
