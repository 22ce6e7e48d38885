using Milliways.Gateway.Settings;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>One account never sees, uses or changes what another has.</summary>
public sealed class TenantWallTests
{
    /// <summary>The ways to ask: what is asked for is always the other team's.</summary>
    private static readonly string[] Rests = ["openai/chat/completions", "custom-theirs/v1/chat/completions", "custom-theirs/any", "compat/chat/completions", "compat/models", "grok/v1/messages", "nosuch/x", "", "compat/nothing"];

    [Fact]
    public async Task No_address_and_no_token_of_one_team_reaches_what_is_another_ones()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, """{ "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] } }""");
        var (gateways, teams, keys) = (server.Service<GatewayCommands>(), server.Service<TeamCommands>(), server.Service<KeyCommands>());
        var (mine, theirs) = (teams.Create(OperatorActor.Instance, "mine"), teams.Create(OperatorActor.Instance, "theirs"));
        var (_, myKey) = keys.Create(OperatorActor.Instance, mine.Account, new KeySettings("k"));
        foreach (var gateway in new[] { "default", "private" })
        {
            if (gateway != "default")
                gateways.Create(OperatorActor.Instance, new ChangeGateway(theirs.Account, gateway));
            gateways.AddKey(OperatorActor.Instance, new AddStoredKey(theirs.Account, gateway, "openai", "default", null, "sk-theirs"));
            gateways.AddKey(OperatorActor.Instance, new AddStoredKey(theirs.Account, gateway, "openai", "prod", null, "sk-theirs"));
        }
        await gateways.AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(theirs.Account, "theirs", null, provider.Url, null));

        var dice = new Random(20261126);
        for (var i = 0; i < 300; i++)
        {
            var (rest, isTheirAddress) = (Rests[dice.Next(Rests.Length)], dice.Next(2) == 0);
            var gateway = dice.Next(3) switch { 0 => "private", 1 => "default", _ => "other" };
            var account = isTheirAddress ? theirs.Account : mine.Account;
            if (dice.Next(4) == 0)
                account = account.ToUpperInvariant();
            var headers = new List<(string, string)> { ("Authorization", ""), dice.Next(3) switch { 0 => ("cf-aig-authorization", "Bearer " + myKey), 1 => ("x-api-key", myKey), _ => ("api-key", myKey) } };
            if (dice.Next(2) == 0)
                headers.Add(("cf-aig-byok-alias", dice.Next(2) == 0 ? "prod" : "default"));
            var model = dice.Next(2) == 0 ? "openai/gpt" : "custom-theirs/m";
            var answer = rest == "compat/models"
                ? await server.GetAsync($"/v1/{account}/{gateway}/{rest}", [.. headers])
                : await server.PostAsync($"/v1/{account}/{gateway}/{rest}", Answers.Ask(model), [.. headers]);

            if (isTheirAddress)
                Assert.Equal((401, 2009), answer.Error());
            else if (gateway != "default")
                Assert.Equal((400, 2001), answer.Error());
            Assert.DoesNotContain("theirs", answer.Text.Replace("custom-theirs", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.DoesNotContain("prod'", answer.Text.Replace("named 'prod'", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        foreach (var received in provider.Received)
        {
            Assert.DoesNotContain("sk-theirs", received.Head, StringComparison.Ordinal);
            Assert.StartsWith("/api.", received.Target, StringComparison.Ordinal); // the table's hosts, never the team's own provider
        }
    }

    [Fact]
    public async Task Who_knows_one_team_only_changes_and_lists_that_one()
    {
        await using var server = await TestServer.StartAsync();
        var (gateways, teams) = (server.Service<GatewayCommands>(), server.Service<TeamCommands>());
        var theirs = teams.Create(OperatorActor.Instance, "theirs");
        gateways.Create(OperatorActor.Instance, new ChangeGateway(theirs.Account, "private"));
        var key = gateways.AddKey(OperatorActor.Instance, new AddStoredKey(theirs.Account, "private", "openai", null, null, "sk-theirs"));
        var mine = teams.Create(OperatorActor.Instance, "mine");
        Actor admin = new UserActor(Guid.CreateVersion7(), new Dictionary<Guid, Role> { [mine.Id] = Role.Admin });
        Actor viewer = new UserActor(Guid.CreateVersion7(), new Dictionary<Guid, Role> { [mine.Id] = Role.Viewer });

        gateways.Create(admin, new ChangeGateway(mine.Account, "own"));
        Assert.Equal(["default", "own"], gateways.List(viewer, mine.Account).Select(gateway => gateway.Name));
        foreach (var actor in new[] { admin, viewer })
        {
            Refused(CommandProblem.NotFound, () => gateways.List(actor, theirs.Account));
            Refused(CommandProblem.NotFound, () => gateways.Show(actor, theirs.Account, "private"));
            Refused(CommandProblem.NotFound, () => gateways.Keys(actor, theirs.Account, "private"));
            Refused(CommandProblem.NotFound, () => gateways.Providers(actor, theirs.Account));
            Refused(CommandProblem.NotFound, () => gateways.Create(actor, new ChangeGateway(theirs.Account, "x")));
            Refused(CommandProblem.NotFound, () => gateways.RemoveKey(actor, theirs.Account, key.Id.ToString("D")));
            Refused(CommandProblem.NotFound, () => gateways.Delete(actor, theirs.Account, "private"));
        }
        Refused(CommandProblem.NotFound, () => gateways.RemoveKey(admin, mine.Account, key.Id.ToString("D"))); // by its id, under one's own team
        Refused(CommandProblem.Forbidden, () => gateways.Create(viewer, new ChangeGateway(mine.Account, "x")));
        Refused(CommandProblem.Forbidden, () => gateways.AddKey(viewer, new AddStoredKey(mine.Account, "default", "openai", null, null, "sk")));
        Assert.Single(gateways.Keys(OperatorActor.Instance, theirs.Account, "private"));
    }

    private static void Refused(CommandProblem problem, Action command) => Assert.Equal(problem, Assert.Throws<CommandException>(command).Problem);
}
