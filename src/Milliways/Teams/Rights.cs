using System.Collections.Frozen;

namespace Milliways.Teams;

/// <summary>What somebody is in a team; each may do all that those before it may.</summary>
internal enum Role { Viewer, Member, Admin, Owner }

/// <summary>What commands ask for.</summary>
internal enum Right
{
    CreateTeam, SeeTeam, RenameTeam, BlockTeam, DeleteTeam, SetTeamLimits,
    SeeMembers, InviteMember, SetRole, MakeOwner, RemoveMember, ResetPassword,
    SeeOwnKeys, SeeAllKeys, CreateKey, ChangeOwnKey, ChangeAnyKey, RotateAnyKey, DeleteAnyKey, BlockKey,
    SeeManagementKeys, MakeManagementKeys,
    SeeModels, SeeAudit, SeeLogs, SetGateway,
    SeeCredits, ChangeCredits, RedeemPromo, SetSpendingLimits, SetPrices,
    SeeBilling, SetBilling, TopUp, MakeInvoices,
}

/// <summary>
/// The one table of rights. The operator of the machine may do everything. A management key may do what its ACLs name (xAI's
/// <c>team-token:endpoint:NAME</c>, xai-api 2.1), and nothing that has no name there.
/// </summary>
internal static class Rights
{
    /// <summary>One row: the least role that has the right (null: only the operator), and the endpoint by which a management key is given it.</summary>
    internal readonly record struct Row(Right Right, Role? Least, string? Endpoint = null);

    public static IReadOnlyList<Row> Table { get; } =
    [
        new(Right.CreateTeam, null),
        new(Right.SeeTeam, Role.Viewer),
        new(Right.RenameTeam, Role.Admin),
        new(Right.BlockTeam, null),
        new(Right.DeleteTeam, Role.Owner),
        new(Right.SetTeamLimits, null), // whoever is limited must not set the limit
        new(Right.SeeMembers, Role.Viewer),
        new(Right.InviteMember, Role.Admin),
        new(Right.SetRole, Role.Admin),
        new(Right.MakeOwner, Role.Owner),
        new(Right.RemoveMember, Role.Admin),
        new(Right.ResetPassword, null),
        new(Right.SeeOwnKeys, Role.Member),
        new(Right.SeeAllKeys, Role.Admin, "ListApiKeys"),
        new(Right.CreateKey, Role.Member, "CreateApiKey"),
        new(Right.ChangeOwnKey, Role.Member),
        new(Right.ChangeAnyKey, Role.Admin, "UpdateApiKey"),
        new(Right.RotateAnyKey, Role.Admin, "RotateApiKey"),
        new(Right.DeleteAnyKey, Role.Admin, "DeleteApiKey"),
        new(Right.BlockKey, null),
        new(Right.SeeManagementKeys, Role.Admin),
        new(Right.MakeManagementKeys, Role.Admin),
        new(Right.SeeModels, Role.Viewer, "ListModels"),
        new(Right.SeeAudit, Role.Admin, "ListAuditEvents"),
        new(Right.SeeLogs, Role.Admin), // what others asked stands there
        new(Right.SetGateway, Role.Admin),
        new(Right.SeeCredits, Role.Viewer),
        new(Right.ChangeCredits, null), // money comes from the operator
        new(Right.RedeemPromo, Role.Admin),
        new(Right.SetSpendingLimits, Role.Admin, "SetSpendingLimits"), // a team may bound itself
        new(Right.SetPrices, null),
        new(Right.SeeBilling, Role.Admin, "ReadBilling"),
        new(Right.SetBilling, Role.Admin, "WriteBilling"),
        new(Right.TopUp, null, "TopUp"), // where the operator's configuration lets them
        new(Right.MakeInvoices, null),
    ];

    private static readonly FrozenDictionary<Right, Row> ByRight = Table.ToFrozenDictionary(row => row.Right);

    /// <summary>The endpoints that ACLs of management keys can name.</summary>
    public static IReadOnlyList<string> Endpoints { get; } = [.. Table.Where(row => row.Endpoint is not null).Select(row => row.Endpoint!)];

    public static bool Has(Role role, Right right) => ByRight[right].Least is { } least && role >= least;

    public static string? EndpointOf(Right right) => ByRight[right].Endpoint;

    public static string Word(this Role role) => role switch { Role.Owner => "owner", Role.Admin => "admin", Role.Member => "member", _ => "viewer" };

    /// <exception cref="CommandException">It is none.</exception>
    public static Role Parse(string word) => word switch
    {
        "owner" => Role.Owner,
        "admin" => Role.Admin,
        "member" => Role.Member,
        "viewer" => Role.Viewer,
        _ => throw new CommandException(CommandProblem.Invalid, $"The role \"{word}\" is none: write owner, admin, member or viewer."),
    };
}
