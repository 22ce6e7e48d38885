using System.CommandLine;

namespace Milliways.Teams;

/// <summary>Options that say which team is meant.</summary>
internal static class TeamOptions
{
    public static Option<string?> Team() => new("--team") { Description = "The team's id; the first team when nothing is said", HelpName = "TEAM" };
}
