using System.CommandLine;
using System.Text.Json;
using Milliways.Hosting;
using Milliways.Hosting.Admin;

namespace Milliways.Logs;

/// <summary><c>milliways logs list|follow|show</c>, on a data directory whose server may be running.</summary>
internal static class LogsCommand
{
    /// <summary>How often a follower asks: what happens is seen within a second.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(400);

    public static Command Create() => new("logs", "What was asked and answered") { List(), Follow(), Show() };

    private static Command List()
    {
        var (options, filters) = (DoorOptions.Create(), LogFilterOptions.Create());
        var limit = new Option<int>("--limit") { Description = "How many, the newest first", HelpName = "N", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "The page behind one that ended with this \"next\"", HelpName = "NEXT" };
        var list = options.Command("list", "List requests, the newest first\n\nExamples:\n  milliways logs list --failed --since 1h\n  milliways logs list --model openai/gpt-5 --where cost=gt:0.10 --json\n  milliways logs list --request req_0198c0...", [.. filters.All, limit, after]);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(
            parsed, options, LogsAdmin.ListAll, new LogsOf(parsed.GetValue(filters.Team), filters.Read(parsed, TimeProvider.System), parsed.GetValue(limit), parsed.GetValue(after), WrittenAfter: null), Print));
        return list;
    }

    private static Command Follow()
    {
        var (options, filters) = (DoorOptions.Create(), LogFilterOptions.Create());
        var follow = options.Command("follow", "Print requests as they end, until Ctrl-C; with --json one document for each line", [.. filters.All]);
        follow.SetAction(async (parsed, cancel) =>
        {
            var request = new LogsOf(parsed.GetValue(filters.Team), filters.Read(parsed, TimeProvider.System), LogQuery.MostLimit, After: null, LogCommands.FromNow);
            var (address, isJson) = (CommonOptions.Database(parsed.GetValue(options.Database), parsed.GetValue(options.Data)), parsed.GetValue(options.Json));
            var follower = new LogFollower(async asked => JsonSerializer.Deserialize(
                await AdminDoor.AskAsync(address, LogsAdmin.Follow.Name, JsonSerializer.SerializeToUtf8Bytes(asked, LogsJson.Default.LogsOf), parsed.GetValue(options.Config)), LogsJson.Default.LogNews)!, request);
            while (!cancel.IsCancellationRequested)
            {
                foreach (var entry in await follower.NextAsync())
                    Console.WriteLine(isJson ? JsonSerializer.Serialize(entry, LogsJson.Default.LogEntry) : LogText.Line(entry));
                await Task.WhenAny(Task.Delay(Every, cancel));
            }
            return ExitCode.Done;
        });
        return follow;
    }

    private static Command Show()
    {
        var (options, team) = (DoorOptions.Create(), LogFilterOptions.TeamOption());
        var id = new Argument<string>("id") { Description = "The entry's id, or the x-request-id of an answer" };
        var payloads = new Option<bool>("--payloads") { Description = "With heads and bodies, where they were kept" };
        var show = options.Command("show", "Show all that is known of one request", id, team, payloads);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(
            parsed, options, LogsAdmin.Show, new LogRef(parsed.GetValue(team), parsed.GetValue(id)!, parsed.GetValue(payloads)), detail => Console.Write(LogText.Of(detail))));
        return show;
    }

    private static void Print(LogPage page)
    {
        foreach (var entry in page.Entries)
            Console.WriteLine(LogText.Line(entry));
        if (page.Next is { } next)
            Console.Error.WriteLine(page.Incomplete
                ? $"Not all entries were looked through; the search goes on with: --after {next}"
                : $"There are more: --after {next}");
    }
}
