using Milliways.Gateway;
using Milliways.Gateway.Settings;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>One account never sees, uses or changes what another has.</summary>
public sealed class TenantWallTests
{
    private const string Upgrade = "GET with an upgrade";

    private static readonly (string, string)[] Handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];

    /// <summary>The ways to ask, as the server itself lists them; what is asked for is always the other team's.</summary>
    private static List<(string Method, string Path)> Ways()
    {
        var ways = new List<(string, string)> { ("POST", "nosuch/x"), ("POST", "compat/nothing") };
        foreach (var (method, path, _) in GatewayRoutes.Describe())
        {
            const string Before = "/v1/{account_id}/{gateway_id}";
            Assert.StartsWith(Before, path, StringComparison.Ordinal);
            var rest = path[Before.Length..].TrimStart('/');
            foreach (var provider in rest.Contains("{provider}", StringComparison.Ordinal) ? (string[])["openai", "grok", "custom-theirs"] : [""])
                foreach (var tail in rest.Contains("{path}", StringComparison.Ordinal) ? (string[])["chat/completions", "v1/messages", "any"] : [""])
                {
                    var way = rest.Replace("{provider}", provider, StringComparison.Ordinal).Replace("{path}", tail, StringComparison.Ordinal);
                    Assert.DoesNotContain('{', way); // a new kind of address: say here what stands in its place
                    ways.Add((method, way));
                    if (method == "GET")
                        ways.Add((Upgrade, way));
                }
        }
        return ways;
    }

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
        var reached = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (method, rest) in Ways())
            foreach (var account in new[] { theirs.Account, theirs.Account.ToUpperInvariant(), mine.Account })
                foreach (var gateway in new[] { "private", "default", "other" })
                {
                    var headers = new List<(string, string)> { ("Authorization", ""), dice.Next(3) switch { 0 => ("cf-aig-authorization", "Bearer " + myKey), 1 => ("x-api-key", myKey), _ => ("api-key", myKey) } };
                    var alias = dice.Next(3) switch { 0 => "prod", 1 => "default", _ => null };
                    if (alias is not null)
                        headers.Add(("cf-aig-byok-alias", alias));
                    var (path, body) = ($"/v1/{account}/{gateway}/{rest}".TrimEnd('/'), Body(rest, dice));
                    var isMine = account == mine.Account && gateway == "default";
                    var text = isMine && method == Upgrade && rest.Length == 0
                        ? await TalkAsync(server, path, myKey, alias, body)
                        : await AskAsync(method, path, body, headers, account == mine.Account ? (400, 2001) : (401, 2009), isMine);
                    if (isMine && text.Length > 0)
                        reached.Add(rest);
                    Assert.DoesNotContain("theirs", text.Replace("custom-theirs", "", StringComparison.Ordinal), StringComparison.Ordinal);
                    Assert.DoesNotContain("prod'", text.Replace("named 'prod'", "", StringComparison.Ordinal), StringComparison.Ordinal);
                }
        foreach (var received in provider.Received)
        {
            Assert.DoesNotContain("sk-theirs", received.Head, StringComparison.Ordinal);
            Assert.StartsWith("/api.", received.Target, StringComparison.Ordinal); // the table's hosts, never the team's own provider
        }
        Assert.Contains(provider.Received, received => received.Text == Step); // steps got as far as a provider: their form was good
        Assert.Contains("", reached);

        async Task<string> AskAsync(string method, string path, string body, List<(string, string)> headers, (int, int) refused, bool isMine)
        {
            var answer = method == Upgrade ? await server.SendAsync("GET", path, null, [.. headers, .. Handshake])
                : await server.SendAsync(method, path, method is "GET" or "HEAD" ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"), [.. headers]);
            if (!isMine && method == "HEAD")
                Assert.Equal(refused.Item1, answer.Status);
            else if (!isMine)
                Assert.Equal(refused, answer.Error());
            return answer.Text;
        }
    }

    private const string Step = """{"model":"gpt","messages":[{"role":"user","content":"Hi"}],"step":true}""";

    /// <summary>What is asked for: the other team's provider by its name, and its stored keys by their alias.</summary>
    private static string Body(string rest, Random dice)
    {
        var model = dice.Next(2) == 0 ? "openai/gpt" : "custom-theirs/m";
        if (rest.Length > 0)
            return Answers.Ask(model, more: ",\"input\":\"Hi\",\"max_tokens\":9");
        var theirs = $$"""{"provider":"custom-theirs","endpoint":"v1/chat/completions","headers":{},"query":{{Step}}}""";
        var alias = $$"""{"provider":"openai","endpoint":"chat/completions","headers":{"cf-aig-byok-alias":"{{(dice.Next(2) == 0 ? "prod" : "default")}}"},"query":{{Step}}}""";
        var keyless = $$"""{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{{Step}}}""";
        var compat = $$"""{"provider":"compat","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask(model)}}}""";
        return dice.Next(6) switch { 0 => theirs, 1 => $"[{alias},{theirs}]", 2 => $"[{alias},{keyless}]", 3 => $"[{compat}]", 4 => alias, _ => keyless };
    }

    /// <summary>The same as messages on a socket of one's own; several, for one alone may be a body that asks for little.</summary>
    private static async Task<string> TalkAsync(TestServer server, string path, string key, string? alias, string body)
    {
        await using var socket = await TestSocket.OpenAsync(server, path, options =>
        {
            options.SetRequestHeader("cf-aig-authorization", "Bearer " + key);
            if (alias is not null)
                options.SetRequestHeader("cf-aig-byok-alias", alias);
        });
        var (dice, texts) = (new Random(path.Length), body);
        for (var i = 0; i < 12; i++)
        {
            await socket.SendAsync($$"""{"type":"universal.create","request":{{Body("", dice)}}}""");
            texts += await socket.ReadTextAsync();
        }
        return texts.Replace(body, "", StringComparison.Ordinal);
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
