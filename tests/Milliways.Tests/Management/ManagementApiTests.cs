using System.Text;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Management;

/// <summary>xAI's management API of keys (xai-api 2.1), through the front door.</summary>
public class ManagementApiTests
{
    private static readonly Actor Operator = OperatorActor.Instance;

    [Fact]
    public async Task A_key_goes_its_whole_way_and_each_step_is_in_effect_when_it_is_answered()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var (team, key) = (server.Server.Team.Id.ToString("D"), ManagementKey(server));
        clock.Advance(TimeSpan.FromMilliseconds(1)); // lists are in the order of making, and the first key is made already

        var made = await Ask(server, key, "POST", $"/management/auth/teams/{team}/api-keys",
            """{"name":"ci","acls":["api-key:model:*","api-key:endpoint:models"],"qps":2,"qpm":60,"tpm":"100000","expireTime":"2025-02-01T00:00:00Z"}""");
        Assert.Equal((200, "ci", 2, 60, "100000"), (made.Status, Text(made, "name"), made.Json.GetProperty("qps").GetInt32(), made.Json.GetProperty("qpm").GetInt32(), Text(made, "tpm")));
        Assert.Equal((team, "2025-02-01T00:00:00.000Z", "no-store"), (Text(made, "teamId"), Text(made, "expireTime"), made.Header("Cache-Control")));
        var (id, text) = (Text(made, "apiKeyId"), Text(made, "apiKey"));
        Assert.True(KeyText.IsWellFormed(text));
        Assert.Equal((200, 403), (await Models(server, text), (await server.PostAsync("/v1/chat/completions", Answers.Ask(), ("Authorization", "Bearer " + text))).Status));

        var listed = await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys");
        Assert.DoesNotContain(text, listed.Text, StringComparison.Ordinal);
        Assert.Equal(["first key", "ci"], Names(listed));

        var changed = await Ask(server, key, "PUT", $"/management/auth/api-keys/{id}", """{"apiKey":{"name":"ci2","disabled":true,"tpm":"5"},"fieldMask":"name,disabled"}""");
        Assert.Equal((200, "ci2", true, "100000"), (changed.Status, Text(changed, "name"), changed.Json.GetProperty("disabled").GetBoolean(), Text(changed, "tpm")));
        Assert.Equal(403, await Models(server, text));
        Assert.Equal(200, (await Ask(server, key, "PUT", $"/management/auth/api-keys/{id}", """{"apiKey":{"disabled":false,"tpm":0}}""")).Status);
        Assert.Equal(200, await Models(server, text));

        var rotated = await Ask(server, key, "POST", $"/management/auth/api-keys/{id}/rotate", """{"oldSecretExpireTime":"2025-01-01T01:00:00Z"}""");
        Assert.Equal((200, id), (rotated.Status, Text(rotated, "apiKeyId")));
        Assert.Equal((200, 200), (await Models(server, text), await Models(server, Text(rotated, "apiKey"))));
        clock.Jump(TimeSpan.FromHours(1));
        Assert.Equal((400, 200), (await Models(server, text), await Models(server, Text(rotated, "apiKey"))));
        Assert.Equal(400, (await Ask(server, key, "POST", $"/management/auth/api-keys/{id}/rotate", """{"oldSecretExpireTime":"2025-01-09T00:00:00Z"}""")).Status);

        Assert.True((await Ask(server, key, "GET", $"/management/auth/api-keys/{id}/propagation")).Json.GetProperty("icPropagation").GetProperty("local").GetBoolean());
        var gone = await Ask(server, key, "DELETE", $"/management/auth/api-keys/{id}");
        Assert.Equal((200, "{}"), (gone.Status, gone.Text));
        Assert.Equal((400, 404), (await Models(server, Text(rotated, "apiKey")), (await Ask(server, key, "DELETE", $"/management/auth/api-keys/{id}")).Status));

        var events = (await Ask(server, key, "GET", $"/management/audit/teams/{team}/events")).Json.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("action").GetString());
        Assert.Equal(["keys.delete", "keys.rotate", "keys.change", "keys.change", "keys.create", "management-keys.create"], events);
    }

    [Fact]
    public async Task Pages_show_every_key_once_whatever_their_size_and_filters_choose()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var (team, key) = (server.Server.Team.Id.ToString("D"), ManagementKey(server));
        for (var i = 0; i < 7; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(200, (await Ask(server, key, "POST", $"/management/auth/teams/{team}/api-keys", $$"""{"name":"k{{i}}","acls":["api-key:model:m{{i % 2}}"]}""")).Status);
        }
        string[] expected = ["first key", .. Enumerable.Range(0, 7).Select(i => $"k{i}")];
        for (var size = 1; size <= 9; size++)
        {
            var (names, token) = (new List<string>(), "");
            do
            {
                var page = await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys?pageSize={size}&paginationToken={token}");
                names.AddRange(Names(page));
                token = page.Json.TryGetProperty("paginationToken", out var next) ? next.GetString()! : "";
            }
            while (token.Length > 0);
            Assert.Equal(expected, names);
        }
        Assert.Equal(["k1", "k3", "k5"], Names(await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys?aclFilters=api-key:model:m1")));
        server.Service<KeyCommands>().SetDisabled(Operator, server.Service<KeyStore>().All().Single(one => one.Name == "k3").Id.ToString("D"), true);
        Assert.Equal(["k1", "k5"], Names(await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys?aclFilters=api-key:model:m1&activeOnly=true")));
        Assert.Equal(400, (await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys?paginationToken=nonsense!")).Status);
        Assert.Equal(400, (await Ask(server, key, "GET", $"/management/auth/teams/{team}/api-keys?pageSize=5000")).Status);
    }

    [Theory]
    [InlineData("""{"acls":[]}""", "name")]
    [InlineData("""{"name":5}""", "name")]
    [InlineData("""{"name":"k","qps":-1}""", "qps")]
    [InlineData("""{"name":"k","qps":"many"}""", "qps")]
    [InlineData("""{"name":"k","acls":["api-key:endpoint:chatter"]}""", "api-key:endpoint:chatter")]
    [InlineData("""{"name":"k","acls":"api-key:endpoint:chat"}""", "acls")]
    [InlineData("""{"name":"k","expireTime":"yesterday"}""", "expireTime")]
    [InlineData("""{"name":"k","expireTime":"2001-01-01T00:00:00Z"}""", "expireTime")]
    [InlineData("""{"name":"k","name":"l"}""", "JSON")]
    [InlineData("""["name"]""", "object")]
    [InlineData("{", "JSON")]
    public async Task A_wrong_request_names_the_field_in_xais_error(string body, string named)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await Ask(server, ManagementKey(server), "POST", $"/management/auth/teams/{server.Account}/api-keys", body);
        Assert.Equal((400, "Client specified an invalid argument"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Contains(named, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Single(server.Service<KeyStore>().All());
    }

    [Fact]
    public async Task A_key_of_the_other_kind_is_refused_on_both_sides()
    {
        await using var server = await TestServer.StartAsync();
        var key = ManagementKey(server);
        Assert.Matches("^xai-token-mw-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}$", key);
        Assert.True(KeyText.IsWellFormedManagement(key));
        var inference = await server.GetAsync("/v1/models", ("Authorization", "Bearer " + key));
        Assert.Equal((400, "key"), (inference.Status, inference.Header("x-milliways-refused")));
        Assert.Contains("management key", inference.Text, StringComparison.Ordinal);
        var management = await Ask(server, server.Key, "GET", "/management/auth/management-keys/validation");
        Assert.Equal((400, "key"), (management.Status, management.Header("x-milliways-refused")));
        Assert.Contains("API key", management.Text, StringComparison.Ordinal);
        Assert.Equal(401, (await server.GetAsync("/management/auth/management-keys/validation", ("Authorization", ""))).Status);
        Assert.Equal(400, (await Ask(server, KeyText.CreateManagement(), "GET", "/management/auth/management-keys/validation")).Status);
    }

    public static TheoryData<string, string, string?, string> Endpoints => new()
    {
        { "POST", "/management/auth/teams/{team}/api-keys", """{"name":"n"}""", "CreateApiKey" },
        { "GET", "/management/auth/teams/{team}/api-keys", null, "ListApiKeys" },
        { "PUT", "/management/auth/api-keys/{key}", """{"apiKey":{"name":"n"}}""", "UpdateApiKey" },
        { "POST", "/management/auth/api-keys/{key}/rotate", "{}", "RotateApiKey" },
        { "GET", "/management/auth/api-keys/{key}/propagation", null, "ListApiKeys" },
        { "GET", "/management/auth/teams/{team}/models", null, "ListModels" },
        { "GET", "/management/auth/teams/{team}/endpoints", null, "ListModels" },
        { "GET", "/management/audit/teams/{team}/events", null, "ListAuditEvents" },
        { "DELETE", "/management/auth/api-keys/{key}", null, "DeleteApiKey" },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task A_management_key_does_what_its_ACLs_name_and_nothing_else_and_nothing_of_another_teams(string method, string path, string? body, string endpoint)
    {
        await using var server = await TestServer.StartAsync();
        string Path(string team, string key) => path.Replace("{team}", team, StringComparison.Ordinal).Replace("{key}", key, StringComparison.Ordinal);
        var own = Path(server.Account, server.Service<KeyStore>().All()[0].Id.ToString("D"));
        foreach (var other in Rights.Endpoints.Where(name => name != endpoint))
        {
            var refused = await Ask(server, ManagementKey(server, other), method, own, body);
            Assert.Equal((403, "acl"), (refused.Status, refused.Header("x-milliways-refused")));
        }
        var stranger = server.Service<TeamCommands>().Create(Operator, "stranger").Id.ToString("D");
        foreach (var endpoints in new[] { endpoint, "*" })
            Assert.Equal(404, (await Ask(server, ManagementKey(server, endpoints, stranger), method, own, body)).Status);
        Assert.Equal(200, (await Ask(server, ManagementKey(server, endpoint), method, own, body)).Status);
    }

    /// <summary>Two teams do what they like with the whole API, in any order, each also with what belongs to the other: neither ever reads or changes anything of the other's.</summary>
    [Fact]
    public async Task Whatever_two_teams_ask_neither_sees_nor_changes_what_is_the_others()
    {
        await using var server = await TestServer.StartAsync();
        var (teams, keys) = (server.Service<TeamCommands>(), server.Service<KeyCommands>());
        var scripts = new List<int[]>();
        Dice.Check(dice => scripts.Add([.. Enumerable.Range(0, 40).Select(_ => dice.Upto(9973))]), tests: 12);
        foreach (var script in scripts)
        {
            var dice = new Dice(script);
            var sides = new[] { "zebra", "walrus" }.Select(name =>
            {
                var team = teams.Create(Operator, name + " team");
                var ids = Enumerable.Range(0, 2).Select(i => keys.Create(Operator, team.Account, new KeySettings($"{name} key {i}")).Key.Id).ToList();
                return (Name: name, Team: team, Ids: ids, Key: ManagementKey(server, "*", team.Account));
            }).ToArray();
            for (var step = 0; step < 10; step++)
            {
                var me = dice.Upto(2);
                var (mine, theirs) = (sides[me], sides[1 - me]);
                var before = State(theirs.Team.Id);
                var aimed = sides[dice.Upto(2)];
                var id = aimed.Ids[dice.Upto(aimed.Ids.Count)].ToString(dice.One("D", "N", "B"));
                var team = dice.One(aimed.Team.Id.ToString("D"), aimed.Team.Account, aimed.Team.Account.ToUpperInvariant());
                var (method, path, body) = dice.One<(string, string, string?)>(
                    ("GET", $"/management/auth/teams/{team}/api-keys?pageSize={dice.Upto(4)}", null), ("POST", $"/management/auth/teams/{team}/api-keys", $$"""{"name":"{{mine.Name}} new","teamId":"{{theirs.Team.Id}}"}"""),
                    ("PUT", $"/management/auth/api-keys/{id}", $$"""{"apiKey":{"name":"{{mine.Name}} changed","teamId":"{{theirs.Team.Id}}"},"fieldMask":"name"}"""), ("POST", $"/management/auth/api-keys/{id}/rotate", "{}"),
                    ("GET", $"/management/auth/api-keys/{id}/propagation", null), ("DELETE", $"/management/auth/api-keys/{id}", null), ("GET", $"/management/audit/teams/{team}/events", null),
                    ("GET", $"/management/auth/teams/{team}/models", null), ("GET", $"/management/auth/teams/{team}/endpoints", null), ("GET", "/management/auth/management-keys/validation", null));
                var answer = await Ask(server, mine.Key, method, path, body);
                Assert.DoesNotContain(theirs.Name, answer.Text, StringComparison.Ordinal);
                Assert.Equal(before, State(theirs.Team.Id));
                if (aimed.Name == theirs.Name && !path.EndsWith("validation", StringComparison.Ordinal))
                    Assert.Equal(404, answer.Status);
            }
        }

        string State(Guid team) => string.Join('\n', server.Service<KeyStore>().All().Where(key => key.Team.Id == team).Select(key => $"{key.Id} {key.Name} {key.Redacted} {key.Modified:O} {key.Disabled}"));
    }

    [Fact]
    public async Task Validation_models_and_endpoints_tell_what_is()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var key = ManagementKey(server, "ListModels");
        var about = (await Ask(server, key, "GET", "/management/auth/management-keys/validation")).Json;
        Assert.Equal(("SCOPE_TEAM", server.Server.Team.Id.ToString("D"), "team-token:endpoint:ListModels"),
            (about.GetProperty("scope").GetString(), about.GetProperty("teamId").GetString(), about.GetProperty("acls")[0].GetString()));
        Assert.EndsWith(key[^4..], about.GetProperty("redactedApiKey").GetString(), StringComparison.Ordinal);
        var cluster = (await Ask(server, key, "GET", $"/management/auth/teams/{server.Account}/models")).Json.GetProperty("clusterConfigs")[0];
        Assert.Equal("alpha", cluster.GetProperty("languageModels")[0].GetProperty("name").GetString());
        var acls = (await Ask(server, key, "GET", $"/management/auth/teams/{server.Account}/endpoints")).Json.GetProperty("acls").EnumerateArray().Select(acl => acl.GetProperty("acl").GetString()).ToList();
        Assert.Contains("api-key:endpoint:chat", acls);
        Assert.Contains("api-key:model:alpha", acls);
        Assert.NotNull(KeyAcls.Parse(acls!, out _));
    }

    private static string ManagementKey(TestServer server, string endpoints = "*", string? team = null) =>
        server.Service<ManagementKeyCommands>().Create(Operator, team, "m", [endpoints], null).Text;

    private static Task<Answer> Ask(TestServer server, string key, string method, string path, string? body = null) =>
        server.SendAsync(method, path, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"), ("Authorization", "Bearer " + key));

    private static async Task<int> Models(TestServer server, string key) => (await server.GetAsync("/v1/models", ("Authorization", "Bearer " + key))).Status;

    private static string Text(Answer answer, string name) => answer.Json.GetProperty(name).GetString()!;

    private static IEnumerable<string> Names(Answer answer) => answer.Json.GetProperty("apiKeys").EnumerateArray().Select(key => key.GetProperty("name").GetString()!);
}
