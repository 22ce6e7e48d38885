using System.CommandLine;
using Milliways.Hosting.Admin;

namespace Milliways.Teams;

/// <summary><c>milliways audit list</c>.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var options = DoorOptions.Create();
        var team = new Option<string?>("--team") { Description = "Only what concerns this team; all when nothing is said", HelpName = "TEAM" };
        var limit = new Option<int>("--limit") { Description = "How many, the newest first", HelpName = "N", DefaultValueFactory = _ => 100 };
        var before = new Option<long?>("--before") { Description = "Those before this sequence number", HelpName = "SEQ" };
        var list = options.Command("list", "List changes, the newest first", team, limit, before);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.Audit, new AuditQuery(parsed.GetValue(team), parsed.GetValue(limit), parsed.GetValue(before)), all =>
        {
            foreach (var one in all)
                Console.WriteLine($"{one.Seq}  {one.Time:yyyy-MM-dd HH:mm:ss}  {one.Actor}  {one.Action}  {one.Object}{(one.After is null ? "" : "  " + one.After)}");
        }));
        return new Command("audit", "Who changed what, and when") { list };
    }
}
