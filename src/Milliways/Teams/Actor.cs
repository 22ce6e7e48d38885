namespace Milliways.Teams;

/// <summary>Who asks for a command; commands decide by it what may be done, and the audit log keeps it.</summary>
internal abstract record Actor
{
    /// <summary>As the audit log writes it: a kind and an id, never a mail address.</summary>
    public abstract string Word { get; }

    /// <summary>The person behind it, or null.</summary>
    public virtual Guid? Person => null;

    public abstract bool May(Right right, Guid team);

    /// <summary>A team that it may not even see does not exist for it.</summary>
    public virtual bool Knows(Guid team) => May(Right.SeeTeam, team);

    /// <exception cref="CommandException">It may not; a team that it does not know looks like one that is not there.</exception>
    public void Demand(Right right, Guid team, string what)
    {
        if (!Knows(team))
            throw new CommandException(CommandProblem.NotFound, $"There is no team {team:D}.");
        if (!May(right, team))
            throw new CommandException(CommandProblem.Forbidden, $"You may not {what}: ask an owner of the team, or the operator.");
    }
}

/// <summary>Whoever may write the data directory: the command line, and the admin socket that only the same user can open.</summary>
internal sealed record OperatorActor : Actor
{
    public static OperatorActor Instance { get; } = new();

    public override string Word => "operator";

    public override bool May(Right right, Guid team) => true;
}

/// <summary>A person, with what they are in their teams.</summary>
internal sealed record UserActor(Guid Id, IReadOnlyDictionary<Guid, Role> Roles) : Actor
{
    public override string Word => $"user:{Id:D}";

    public override Guid? Person => Id;

    public override bool May(Right right, Guid team) => Roles.TryGetValue(team, out var role) && Rights.Has(role, right);
}

/// <summary>A management key: one team, and what its ACLs name.</summary>
internal sealed record ManagementActor(Guid Id, Guid Team, Guid? Owner, IReadOnlyList<string> Acls) : Actor
{
    public const string AclPrefix = "team-token:endpoint:";

    public override string Word => $"management-key:{Id:D}";

    public override Guid? Person => Owner;

    public override bool Knows(Guid team) => team == Team;

    public override bool May(Right right, Guid team) =>
        team == Team && Rights.EndpointOf(right) is { } endpoint && (Acls.Contains(AclPrefix + "*") || Acls.Contains(AclPrefix + endpoint));
}

/// <summary>Somebody who opens an account of their own; for the audit log only, they ask for nothing else.</summary>
internal sealed record RegistrationActor(Guid User) : Actor
{
    public override string Word => "registration";

    public override Guid? Person => User;

    public override bool May(Right right, Guid team) => false;
}
