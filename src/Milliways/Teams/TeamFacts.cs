using System.Text.Json.Serialization;
using Milliways.Limits;

namespace Milliways.Teams;

/// <summary>A team as commands show it.</summary>
internal sealed record TeamFacts(string Id, string Name, DateTimeOffset Created, bool Blocked, LimitFacts Limits)
{
    /// <summary>What it pays, in percent of the list's prices.</summary>
    public int PricePercent { get; init; } = 100;

    public static TeamFacts Of(Team team) => new(team.Account, team.Name, team.Created, team.Blocked, LimitFacts.Of(team.Limits)) { PricePercent = team.PricePercent };
}

/// <summary>Limits as JSON; what is null is not limited here.</summary>
internal sealed record LimitFacts(int? RequestsPerSecond, int? RequestsPerMinute, int? RequestsPerHour, long? TokensPerMinute, int? Concurrent)
{
    public static LimitFacts Of(LimitSet limits) =>
        new(limits.RequestsPerSecond, limits.RequestsPerMinute, limits.RequestsPerHour, limits.TokensPerMinute, limits.Concurrent);

    /// <exception cref="CommandException">A number that is no limit.</exception>
    public LimitSet ToLimits()
    {
        foreach (var (name, value) in new (string, long?)[]
        {
            ("requests-per-second", RequestsPerSecond), ("requests-per-minute", RequestsPerMinute), ("requests-per-hour", RequestsPerHour),
            ("tokens-per-minute", TokensPerMinute), ("concurrent", Concurrent),
        })
            if (value is < 1)
                throw new CommandException(CommandProblem.Invalid, $"{name} must be at least 1; to refuse everything, disable the key or block the team.");
        return new LimitSet
        {
            RequestsPerSecond = RequestsPerSecond,
            RequestsPerMinute = RequestsPerMinute,
            RequestsPerHour = RequestsPerHour,
            TokensPerMinute = TokensPerMinute,
            Concurrent = Concurrent,
        };
    }

    /// <summary>For people: <c>60/min, 4 at a time</c>.</summary>
    public override string ToString() => string.Join(", ", new (long? Value, string Unit)[]
    {
        (RequestsPerSecond, "/s"), (RequestsPerMinute, "/min"), (RequestsPerHour, "/h"), (TokensPerMinute, " tokens/min"), (Concurrent, " at a time"),
    }.Where(limit => limit.Value is not null).Select(limit => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{limit.Value}{limit.Unit}"))) is { Length: > 0 } text ? text : "none of its own";
}

internal sealed record NoFilter;

internal sealed record Done(bool Ok = true);

internal sealed record TeamRef(string? Team);

internal sealed record CreateTeam(string Name);

internal sealed record RenameTeam(string? Team, string Name);

/// <param name="Team">Null: the first one.</param>
/// <param name="PricePercent">Null: as it is.</param>
internal sealed record SetTeam(string? Team, int? PricePercent);

internal sealed record AuditQuery(string? Team, int Limit, long? Before);

internal sealed record AuditFacts(long Seq, DateTimeOffset Time, string Actor, string? Team, string Action, string Object, string? Before, string? After)
{
    public static AuditFacts Of(AuditEntry entry) =>
        new(entry.Seq, entry.Time, entry.Actor, entry.Team?.ToString("N"), entry.Action, entry.Object, entry.Before, entry.After);
}

internal sealed record MemberFacts(string User, string Email, string Name, string Role, DateTimeOffset Joined, bool Disabled);

internal sealed record InvitationFacts(string Team, string Email, string Role, DateTimeOffset Expires);

internal sealed record MemberList(string Team, MemberFacts[] Members, InvitationFacts[] Invitations);

internal sealed record InviteMember(string? Team, string Email, string Role, string? Expires);

/// <summary>The token is shown this once.</summary>
internal sealed record Invited(string Team, string Email, string Role, string Token, DateTimeOffset Expires);

internal sealed record MemberRole(string? Team, string Email, string Role);

internal sealed record MemberRef(string? Team, string Email);

internal sealed record ResetPassword(string Email);

/// <summary>The password is shown this once.</summary>
internal sealed record NewPassword(string Email, string Password);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NoFilter))]
[JsonSerializable(typeof(Done))]
[JsonSerializable(typeof(TeamRef))]
[JsonSerializable(typeof(CreateTeam))]
[JsonSerializable(typeof(RenameTeam))]
[JsonSerializable(typeof(SetTeam))]
[JsonSerializable(typeof(TeamFacts[]))]
[JsonSerializable(typeof(AuditQuery))]
[JsonSerializable(typeof(AuditFacts[]))]
[JsonSerializable(typeof(MemberList))]
[JsonSerializable(typeof(InviteMember))]
[JsonSerializable(typeof(Invited))]
[JsonSerializable(typeof(MemberRole))]
[JsonSerializable(typeof(MemberRef))]
[JsonSerializable(typeof(ResetPassword))]
[JsonSerializable(typeof(NewPassword))]
internal sealed partial class TeamsJson : JsonSerializerContext;
