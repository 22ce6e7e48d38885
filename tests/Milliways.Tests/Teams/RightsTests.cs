using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Teams;

/// <summary>Every role, and who is no member, against every command.</summary>
public sealed class RightsTests
{
    /// <summary>What each may do: the table, written a second time by hand. o owner, a admin, m member, v viewer; the operator may do everything, a stranger nothing.</summary>
    private static readonly (string Command, string Allowed, Action<World, Actor> Run)[] Commands =
    [
        ("teams show", "oamv", (world, actor) => world.Teams.Show(actor, world.Team)),
        ("teams create", "", (world, actor) => world.Teams.Create(actor, "another")),
        ("teams rename", "oa", (world, actor) => world.Teams.Rename(actor, world.Team, "renamed")),
        ("teams block", "", (world, actor) => world.Teams.SetBlocked(actor, world.Team, true)),
        ("teams unblock", "", (world, actor) => world.Teams.SetBlocked(actor, world.Team, false)),
        ("teams delete", "o", (world, actor) => world.Teams.Delete(actor, world.Team)),
        ("limits set --team", "", (world, actor) => world.Teams.SetLimits(actor, world.Team, limits => limits with { Concurrent = 1 })),
        ("teams set --price-percent", "", (world, actor) => world.Teams.SetPricePercent(actor, world.Team, 50)),
        ("audit list", "oa", (world, actor) => world.Teams.Audit(actor, world.Team, 10, null)),
        ("audit list of all teams", "", (world, actor) => world.Teams.Audit(actor, null, 10, null)),
        ("members list", "oamv", (world, actor) => world.Members.List(actor, world.Team)),
        ("members invite", "oa", (world, actor) => world.Members.Invite(actor, world.Team, "new@example.org", Role.Admin)),
        ("members invite an owner", "o", (world, actor) => world.Members.Invite(actor, world.Team, "new@example.org", Role.Owner)),
        ("members set-role", "oa", (world, actor) => world.Members.SetRole(actor, world.Team, "other-viewer@example.org", Role.Member)),
        ("members set-role to owner", "o", (world, actor) => world.Members.SetRole(actor, world.Team, "other-viewer@example.org", Role.Owner)),
        ("members set-role of an owner", "o", (world, actor) => world.Members.SetRole(actor, world.Team, "other-owner@example.org", Role.Viewer)),
        ("members remove", "oa", (world, actor) => world.Members.Remove(actor, world.Team, "other-viewer@example.org")),
        ("members remove an owner", "o", (world, actor) => world.Members.Remove(actor, world.Team, "other-owner@example.org")),
        ("admin reset-password", "", (world, actor) => world.Members.ResetPassword(actor, "other-viewer@example.org")),
        ("keys create", "oam", (world, actor) => world.Keys.Create(actor, world.Team, new KeySettings("k"))),
        ("keys list", "oam", (world, actor) => world.Keys.List(actor, world.Team)),
        ("keys show another's", "oa", (world, actor) => world.Keys.Show(actor, world.Key)),
        ("keys set another's", "oa", (world, actor) => world.Keys.Change(actor, world.Key, settings => settings with { Name = "n" })),
        ("keys rotate another's", "oa", (world, actor) => world.Keys.Rotate(actor, world.Key)),
        ("keys disable another's", "oa", (world, actor) => world.Keys.SetDisabled(actor, world.Key, true)),
        ("keys enable another's", "oa", (world, actor) => world.Keys.SetDisabled(actor, world.Key, false)),
        ("keys delete another's", "oa", (world, actor) => world.Keys.Delete(actor, world.Key)),
        ("keys block", "", (world, actor) => world.Keys.SetBlocked(actor, world.Key, true)),
        ("keys unblock", "", (world, actor) => world.Keys.SetBlocked(actor, world.Key, false)),
        ("keys create-management", "oa", (world, actor) => world.Management.Create(actor, world.Team, "m", null, null)),
        ("keys list-management", "oa", (world, actor) => world.Management.List(actor, world.Team)),
        ("keys delete-management", "oa", (world, actor) => world.Management.Delete(actor, world.ManagementKey)),
    ];

    public static TheoryData<string> Names => [.. Commands.Select(command => command.Command)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_role_may_do_what_the_table_says_and_a_stranger_learns_nothing(string name)
    {
        var (_, allowed, run) = Commands.Single(command => command.Command == name);
        await using var server = await TestServer.StartAsync();
        foreach (var (letter, role) in new (char, Role?)[] { ('o', Role.Owner), ('a', Role.Admin), ('m', Role.Member), ('v', Role.Viewer), ('-', null) })
        {
            var world = new World(server, withBelongings: name != "teams delete");
            var actor = role is { } given ? world.Person($"{given}@example.org", given) : world.Stranger();
            var problem = Try(() => run(world, actor));
            Assert.True((problem is null) == allowed.Contains(letter), $"{name} as {role?.ToString() ?? "stranger"}: {problem?.Message ?? "done"}");
            if (problem is not null)
                Assert.True(role is null ? problem.Problem is CommandProblem.NotFound || name is "teams create" or "audit list of all teams" or "admin reset-password" : problem.Problem == CommandProblem.Forbidden, $"{name} as {role}: {problem.Problem} {problem.Message}");
        }
        var theirs = new World(server, withBelongings: name != "teams delete");
        if (name != "teams delete")
            theirs.Person("second-owner@example.org", Role.Owner);
        Assert.Null(Try(() => run(theirs, OperatorActor.Instance)));
    }

    [Fact]
    public async Task The_table_of_rights_has_every_right_once()
    {
        Assert.Equal(Enum.GetValues<Right>().Order(), Rights.Table.Select(row => row.Right).Order());
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_member_sees_and_changes_their_own_keys_only()
    {
        await using var server = await TestServer.StartAsync();
        var world = new World(server, withBelongings: true);
        var (ann, bob) = (world.Person("ann@example.org", Role.Member), world.Person("bob@example.org", Role.Member));
        var id = world.Keys.Create(ann, world.Team, new KeySettings("ann's")).Key.Id.ToString("D");
        Assert.Equal(["ann's"], world.Keys.List(ann, world.Team).Select(key => key.Name));
        Assert.Empty(world.Keys.List(bob, world.Team));
        Assert.Equal(CommandProblem.Forbidden, Try(() => world.Keys.Rotate(bob, id))!.Problem);
        world.Keys.Change(ann, id, settings => settings with { Name = "still ann's" });
        world.Keys.Rotate(ann, id);
        world.Keys.SetDisabled(ann, id, true);
        Assert.Equal(CommandProblem.Forbidden, Try(() => world.Keys.SetBlocked(ann, id, false))!.Problem);
        world.Keys.Delete(ann, id);
    }

    [Fact]
    public async Task An_unknown_key_and_another_teams_are_told_alike()
    {
        await using var server = await TestServer.StartAsync();
        var (ours, theirs) = (new World(server, withBelongings: true), new World(server, withBelongings: true));
        var owner = ours.Person("owner@example.org", Role.Owner);
        var nobody = Guid.CreateVersion7().ToString("D");
        foreach (var run in new Action<string>[] { id => ours.Keys.Show(owner, id), id => ours.Keys.Rotate(owner, id), id => ours.Keys.Delete(owner, id), id => ours.Keys.SetDisabled(owner, id, true) })
            Assert.Equal(Try(() => run(nobody))!.Message.Replace(nobody, "ID", StringComparison.Ordinal), Try(() => run(theirs.Key))!.Message.Replace(theirs.Key, "ID", StringComparison.Ordinal));
        Assert.Equal(CommandProblem.NotFound, Try(() => ours.Teams.Show(owner, theirs.Team))!.Problem);
    }

    internal static CommandException? Try(Action run)
    {
        try
        {
            run();
            return null;
        }
        catch (CommandException refused)
        {
            return refused;
        }
    }

    /// <summary>A team of its own with people and keys.</summary>
    internal sealed class World
    {
        private readonly UserStore _users;

        public World(TestServer server, bool withBelongings)
        {
            (Teams, Members, Keys, Management, _users) = (server.Service<TeamCommands>(), server.Service<MemberCommands>(), server.Service<KeyCommands>(), server.Service<ManagementKeyCommands>(), server.Service<UserStore>());
            Team = Teams.Create(OperatorActor.Instance, "team").Id.ToString("D");
            if (!withBelongings)
                return;
            Key = Keys.Create(OperatorActor.Instance, Team, new KeySettings("k")).Key.Id.ToString("D");
            ManagementKey = Management.Create(OperatorActor.Instance, Team, "m", null, null).Key.Id.ToString("D");
            Person("other-owner@example.org", Role.Owner);
            Person("other-viewer@example.org", Role.Viewer);
        }

        public TeamCommands Teams { get; }

        public MemberCommands Members { get; }

        public KeyCommands Keys { get; }

        public ManagementKeyCommands Management { get; }

        public string Team { get; }

        public string Key { get; } = "";

        public string ManagementKey { get; } = "";

        public UserActor Person(string email, Role role)
        {
            email = email.ToLowerInvariant();
            var user = _users.Find(email) ?? _users.Create(email, email, null);
            _users.SetRole(Guid.Parse(Team), user.Id, role);
            return Members.ActorOf(user.Id)!;
        }

        public UserActor Stranger() => Members.ActorOf((_users.Find("stranger@example.org") ?? _users.Create("stranger@example.org", "s", null)).Id)!;
    }
}
