using System.CommandLine;
using Milliways.Hosting.Admin;

namespace Milliways.Teams;

/// <summary><c>milliways teams</c>.</summary>
internal static class TeamsCommand
{
    public static Command Create() => new("teams", "Make, list and change teams.\n\nExamples:\n  milliways teams create --name search\n  milliways teams list --json\n  milliways teams block TEAM\n  milliways teams set TEAM --price-percent 80")
    {
        CreateTeam(), List(), One("show", "Show a team", TeamAdmin.Show), Rename(), Set(),
        One("block", "Refuse all keys of a team", TeamAdmin.Block), One("unblock", "Take them again", TeamAdmin.Unblock), Delete(),
    };

    private static Command CreateTeam()
    {
        var (options, name) = (DoorOptions.Create(), Name());
        var create = options.Command("create", "Make a team", name);
        create.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.Create, new CreateTeam(parsed.GetValue(name)!), Print));
        return create;
    }

    private static Command List()
    {
        var options = DoorOptions.Create();
        var list = options.Command("list", "List the teams, oldest first");
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.ListAll, new NoFilter(), teams => Array.ForEach(teams, Print)));
        return list;
    }

    private static Command Rename()
    {
        var (options, team, name) = (DoorOptions.Create(), Team(), Name());
        var rename = options.Command("rename", "Give a team another name", team, name);
        rename.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.Rename, new RenameTeam(parsed.GetValue(team), parsed.GetValue(name)!), Print));
        return rename;
    }

    private static Command Set()
    {
        var (options, team) = (DoorOptions.Create(), Team());
        var percent = new Option<int?>("--price-percent") { Description = "What it pays, in percent of the list's prices: 100 is the list, 0 is free", HelpName = "N" };
        var set = options.Command("set", "Change what a team pays", team, percent);
        set.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.Set, new SetTeam(parsed.GetValue(team), parsed.GetValue(percent)), Print));
        return set;
    }

    private static Command One(string word, string description, AdminCommand<TeamRef, TeamFacts> command)
    {
        var (options, team) = (DoorOptions.Create(), Team());
        var one = options.Command(word, description, team);
        one.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, command, new TeamRef(parsed.GetValue(team)), Print));
        return one;
    }

    private static Command Delete()
    {
        var (options, team) = (DoorOptions.Create(), new Argument<string>("team") { Description = "The team's id" });
        var delete = options.Command("delete", "Delete a team that has no keys and no other members left", team);
        delete.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, TeamAdmin.Delete, new TeamRef(parsed.GetValue(team)), _ => Console.WriteLine("deleted")));
        return delete;
    }

    private static Argument<string?> Team() => new("team") { Description = "The team's id; the first team when nothing is said", Arity = ArgumentArity.ZeroOrOne };

    private static Option<string> Name() => new("--name") { Description = "The team's name", HelpName = "NAME", Required = true };

    private static void Print(TeamFacts team) =>
        Console.WriteLine($"{team.Id}  {team.Created:yyyy-MM-dd HH:mm}  {(team.Blocked ? "blocked" : "active"),-7}  {team.Name}  (limits: {team.Limits}; pays {team.PricePercent} %)");
}
