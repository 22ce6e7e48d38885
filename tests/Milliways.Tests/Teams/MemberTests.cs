using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Teams;

public class MemberTests
{
    private const string Password = "a long enough password";
    private static readonly Actor Operator = OperatorActor.Instance;

    [Fact]
    public async Task An_invitation_is_taken_once_and_makes_an_account_with_its_role()
    {
        await using var server = await TestServer.StartAsync();
        var members = server.Service<MemberCommands>();
        var (_, token) = members.Invite(Operator, null, "Ann@Example.org", Role.Admin);

        var joined = await Accept(server, token, Password);
        Assert.Equal((200, "ann@example.org", server.Account), (joined.Status, joined.Json.GetProperty("email").GetString(), joined.Json.GetProperty("team").GetString()));
        var again = await Accept(server, token, Password);
        Assert.Equal(404, again.Status);
        var (_, people, invited) = members.List(Operator, null);
        Assert.Equal((Role.Admin, "ann@example.org"), (Assert.Single(people).Role, people[0].User.Email));
        Assert.Empty(invited);
        Assert.NotNull(members.SignIn("ANN@example.org", Password));
        Assert.Null(members.SignIn("ann@example.org", Password + "x"));
        Assert.Null(members.SignIn("nobody@example.org", Password));
    }

    [Fact]
    public async Task An_invitation_ends_after_seven_days_and_a_second_one_replaces_the_first()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var members = server.Service<MemberCommands>();
        var first = members.Invite(Operator, null, "ann@example.org", Role.Owner).Token;
        var second = members.Invite(Operator, null, "ann@example.org", Role.Viewer).Token;
        Assert.Equal(404, (await Accept(server, first, Password)).Status);
        Assert.Equal(400, (await Accept(server, second, "short")).Status); // and is not used up by that
        clock.Jump(TimeSpan.FromDays(7));
        Assert.Equal(404, (await Accept(server, second, Password)).Status);
        Assert.Empty(members.List(Operator, null).Members);
    }

    [Fact]
    public async Task The_last_owner_can_neither_leave_nor_step_down_and_then_another_can_take_over()
    {
        await using var server = await TestServer.StartAsync();
        var world = new RightsTests.World(server, withBelongings: false);
        var owner = world.Person("first@example.org", Role.Owner);
        world.Person("second@example.org", Role.Member);
        foreach (var actor in new Actor[] { owner, Operator })
        {
            Assert.Equal(CommandProblem.Conflict, RightsTests.Try(() => world.Members.Remove(actor, world.Team, "first@example.org"))!.Problem);
            Assert.Equal(CommandProblem.Conflict, RightsTests.Try(() => world.Members.SetRole(actor, world.Team, "first@example.org", Role.Admin))!.Problem);
        }
        world.Members.SetRole(owner, world.Team, "second@example.org", Role.Owner);
        world.Members.Remove(owner, world.Team, "first@example.org");
        Assert.Equal(["second@example.org"], world.Members.List(Operator, world.Team).Members.Select(member => member.User.Email));
    }

    [Fact]
    public async Task Everybody_may_leave_by_themselves()
    {
        await using var server = await TestServer.StartAsync();
        var world = new RightsTests.World(server, withBelongings: false);
        world.Person("owner@example.org", Role.Owner);
        var viewer = world.Person("viewer@example.org", Role.Viewer);
        world.Members.Remove(viewer, world.Team, "viewer@example.org");
        Assert.Single(world.Members.List(Operator, world.Team).Members);
    }

    [Fact]
    public async Task A_team_with_keys_is_not_deleted_and_an_empty_one_is()
    {
        await using var server = await TestServer.StartAsync();
        var world = new RightsTests.World(server, withBelongings: true);
        var refused = RightsTests.Try(() => world.Teams.Delete(Operator, world.Team))!;
        Assert.Equal(CommandProblem.Conflict, refused.Problem);
        foreach (var left in new[] { "API keys", "management keys", "members" })
            Assert.Contains(left, refused.Message, StringComparison.Ordinal);
        world.Keys.Delete(Operator, world.Key);
        world.Management.Delete(Operator, world.ManagementKey);
        world.Members.Remove(Operator, world.Team, "other-viewer@example.org");
        world.Teams.Delete(Operator, world.Team);
        Assert.DoesNotContain(world.Teams.List(Operator), team => team.Id == Guid.Parse(world.Team));
    }

    [Fact]
    public async Task A_reset_password_works_and_the_old_one_does_not()
    {
        await using var server = await TestServer.StartAsync();
        var members = server.Service<MemberCommands>();
        Assert.Equal(200, (await Accept(server, members.Invite(Operator, null, "ann@example.org", Role.Member).Token, Password)).Status);
        var (_, password) = members.ResetPassword(Operator, "ann@example.org");
        Assert.NotNull(members.SignIn("ann@example.org", password));
        Assert.Null(members.SignIn("ann@example.org", Password));
    }

    [Theory]
    [InlineData("{}", "a@example.org", 403)]
    [InlineData("""{ "registration": { "enabled": true } }""", "a@anywhere.net", 200)]
    [InlineData("""{ "registration": { "enabled": true, "allowedMailDomains": ["Example.org"] } }""", "A@EXAMPLE.org", 200)]
    [InlineData("""{ "registration": { "enabled": true, "allowedMailDomains": ["example.org"] } }""", "a@notexample.org", 403)]
    [InlineData("""{ "registration": { "enabled": true, "allowedMailDomains": ["example.org"] } }""", "a@example.org.evil.net", 403)]
    [InlineData("""{ "registration": { "enabled": true, "allowedMailDomains": ["example.org"] } }""", "a@evil.net@example.org", 400)]
    public async Task Registration_makes_a_team_and_a_key_that_works_where_it_is_open(string config, string email, int status)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(config[..^1] + (config.Length > 2 ? "," : "") + $$""" "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""");
        var body = $$"""{"email":"{{email}}","name":"Ann","password":"{{Password}}"}""";
        var made = await server.PostAsync("/console/api/register", body, ("Authorization", ""));
        Assert.Equal(status, made.Status);
        if (status != 200)
        {
            Assert.Single(server.Service<TeamStore>().All());
            return;
        }
        var key = ("Authorization", "Bearer " + made.Json.GetProperty("key").GetString());
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(), key)).Status);
        Assert.Equal(made.Json.GetProperty("user").GetString(), (await server.GetAsync("/v1/api-key", key)).Json.GetProperty("user_id").GetString());
        Assert.Equal(400, (await server.PostAsync("/console/api/register", body, ("Authorization", ""))).Status); // once
        var actor = server.Service<MemberCommands>().ActorOf(Guid.Parse(made.Json.GetProperty("user").GetString()!))!;
        Assert.Equal(Role.Owner, Assert.Single(actor.Roles).Value);
    }

    [Fact]
    public async Task The_audit_log_has_every_change_in_order_with_who_made_it_and_none_that_was_refused()
    {
        await using var server = await TestServer.StartAsync();
        var world = new RightsTests.World(server, withBelongings: false);
        var owner = world.Person("owner@example.org", Role.Owner);
        var viewer = world.Person("viewer@example.org", Role.Viewer);
        var key = world.Keys.Create(owner, world.Team, new Milliways.Keys.KeySettings("k")).Key.Id.ToString("D");
        world.Keys.Change(owner, key, settings => settings with { Name = "n" });
        RightsTests.Try(() => world.Keys.Delete(viewer, key));
        RightsTests.Try(() => world.Teams.Rename(viewer, world.Team, "mine"));
        world.Teams.SetBlocked(Operator, world.Team, true);
        var entries = world.Teams.Audit(owner, world.Team, 10, null);
        Assert.Equal(["teams.block", "keys.change", "keys.create", "teams.create"], entries.Select(entry => entry.Action));
        Assert.Equal(["operator", owner.Word, owner.Word, "operator"], entries.Select(entry => entry.Actor));
        Assert.Contains("\"name\":\"k\"", entries[1].Before, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"n\"", entries[1].After, StringComparison.Ordinal);
        Assert.Equal(entries.OrderByDescending(entry => entry.Seq), entries);
        Assert.Equal(["keys.create", "teams.create"], world.Teams.Audit(owner, world.Team, 10, entries[1].Seq).Select(entry => entry.Action));
    }

    [Fact]
    public async Task A_change_whose_audit_row_cannot_be_written_is_not_made()
    {
        await using var server = await TestServer.StartAsync();
        server.Service<LedgerDatabase>().Execute("DROP TABLE audit");
        Assert.ThrowsAny<System.Data.Common.DbException>(() => server.Service<TeamCommands>().Rename(Operator, null, "renamed"));
        Assert.Equal("default", server.Service<TeamStore>().All()[0].Name);
    }

    private static Task<Answer> Accept(TestServer server, string token, string password) =>
        server.PostAsync("/console/api/invitations/accept", $$"""{"token":"{{token}}","name":"Ann","password":"{{password}}"}""", ("Authorization", ""));
}
