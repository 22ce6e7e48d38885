using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Settings;
using Milliways.Secrets;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>What can be set of gateways, and what is kept of it.</summary>
public class GatewayCommandsTests
{
    [Fact]
    public async Task Every_setting_is_kept_over_a_restart_and_taken_away_again()
    {
        await using var server = await TestServer.StartAsync();
        GatewayCommands Gateways() => server.Service<GatewayCommands>();
        var wanted = new ChangeGateway(null, "search_1-a")
        {
            Flavour = "openai", Authentication = false, CollectLogs = false, Payloads = "full", LogManagement = 10_000, LogManagementStrategy = "STOP_INSERTING",
            RateLimitingLimit = 7, RateLimitingInterval = 30, RateLimitingTechnique = "sliding", RetryMaxAttempts = 5, RetryDelay = 60_000, RetryBackoff = "exponential", RequestTimeout = 1500, ByokOnly = true,
        };
        var made = Gateways().Create(OperatorActor.Instance, wanted);
        await server.RestartAsync();
        var read = Gateways().Show(OperatorActor.Instance, null, "search_1-a");
        Assert.Equal(made with { Created = read.Created, Modified = read.Modified }, read);
        Assert.Equal((Flavour.OpenAi, false, false, true, 10_000, LogStrategy.StopInserting), (read.Flavour, read.Authentication, read.CollectLogs, read.LogPayloads, read.LogManagement, read.LogManagementStrategy));
        Assert.Equal((new RateLimit(7, 30, RateTechnique.Sliding), 5, 60_000, Backoff.Exponential, 1500, true), (read.Rate, read.MaxAttempts, read.RetryDelay, read.Backoff, read.RequestTimeout, read.ByokOnly));

        var without = Gateways().Set(OperatorActor.Instance, new ChangeGateway(null, "search_1-a") { Flavour = "path", Payloads = "default", LogManagement = 0, RateLimitingLimit = 0, RetryMaxAttempts = 0, RequestTimeout = 0, ByokOnly = false, Authentication = true });
        Assert.Equal((null, null, null, null, null, null, false, true), (without.Flavour, without.LogPayloads, without.LogManagement, without.Rate, without.MaxAttempts, without.RequestTimeout, without.ByokOnly, without.Authentication));
        Assert.Equal(60_000, without.RetryDelay); // what is not named stays
    }

    [Fact]
    public async Task Default_is_there_without_being_made_and_comes_back_when_it_is_deleted()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var gateways = server.Service<GatewayCommands>();
        gateways.Set(OperatorActor.Instance, new ChangeGateway(null, "default") { ByokOnly = true });
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", null, null, "sk-stored-0123456789"));
        gateways.Delete(OperatorActor.Instance, null, "default");
        Assert.False(gateways.Show(OperatorActor.Instance, null, "default").ByokOnly);
        Assert.Empty(gateways.Keys(OperatorActor.Instance, null, "default"));
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/lab/chat/completions", Answers.Ask())).Status);
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "more"));
        gateways.Delete(OperatorActor.Instance, null, "more");
        Assert.Equal((400, 2001), (await server.PostAsync($"/v1/{server.Account}/more/lab/chat/completions", Answers.Ask())).Error());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("with space")]
    [InlineData("slash/x")]
    [InlineData("dot.dot")]
    [InlineData("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg")]
    public async Task A_name_is_1_to_64_of_a_few_letters(string name)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(CommandProblem.Invalid, Assert.Throws<CommandException>(() => server.Service<GatewayCommands>().Create(OperatorActor.Instance, new ChangeGateway(null, name))).Problem);
        Assert.NotNull(server.Service<GatewayCommands>().Create(OperatorActor.Instance, new ChangeGateway(null, new string('a', 64))));
    }

    [Fact]
    public async Task A_team_has_as_many_as_the_configuration_says()
    {
        await using var server = await TestServer.StartAsync("""{ "gateways": { "perTeam": 3 } }""");
        var gateways = server.Service<GatewayCommands>();
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "a"));
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "b"));
        var full = Assert.Throws<CommandException>(() => gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "c")));
        Assert.Contains("gateways.perTeam", full.Message, StringComparison.Ordinal);
        Assert.Equal(CommandProblem.Conflict, Assert.Throws<CommandException>(() => gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "a"))).Problem);
    }

    [Fact]
    public async Task A_wrong_value_is_named_with_its_remedy()
    {
        await using var server = await TestServer.StartAsync();
        var gateways = server.Service<GatewayCommands>();
        (ChangeGateway Wanted, string Name)[] all =
        [
            (new(null, "default") { RetryMaxAttempts = 6 }, "retry_max_attempts"), (new(null, "default") { RetryDelay = 60_001 }, "retry_delay"), (new(null, "default") { RetryBackoff = "x" }, "retry_backoff"),
            (new(null, "default") { RateLimitingLimit = -1 }, "rate_limiting_limit"), (new(null, "default") { RateLimitingLimit = 1, RateLimitingTechnique = "x" }, "rate_limiting_technique"),
            (new(null, "default") { RateLimitingLimit = 5, RateLimitingInterval = 0 }, "rate_limiting_interval (--rate-interval): must be from 1"), (new(null, "default") { RateLimitingInterval = 0 }, "rate_limiting_interval"),
            (new(null, "default") { RateLimitingLimit = 5, RateLimitingInterval = 2_678_401 }, "rate_limiting_interval"), (new(null, "default") { RateLimitingInterval = 30 }, "rate_limiting_interval (--rate-interval): limits nothing"),
            (new(null, "default") { RateLimitingTechnique = "sliding" }, "rate_limiting_technique (--rate-technique): limits nothing"),
            (new(null, "default") { LogManagement = 5 }, "log_management"), (new(null, "default") { LogManagementStrategy = "x" }, "log_management_strategy"), (new(null, "default") { Payloads = "x" }, "payloads"),
            (new(null, "default") { RequestTimeout = -1 }, "request_timeout"), (new(null, "default") { Flavour = "x" }, "flavour"),
        ];
        foreach (var (wanted, name) in all)
            Assert.StartsWith(name, Assert.Throws<CommandException>(() => gateways.Set(OperatorActor.Instance, wanted)).Message, StringComparison.Ordinal);
        foreach (var (wanted, name) in new (AddStoredKey, string)[]
        {
            (new(null, "default", "nosuch", null, null, "sk"), "provider"), (new(null, "default", "openai", "No!", null, "sk"), "alias"), (new(null, "default", "openai", null, null, " "), "key"),
            (new(null, "default", "openai", null, null, "a\nb"), "key"), (new(null, "default", "openai", null, null, server.Key), "key"),
        })
            Assert.StartsWith(name, Assert.Throws<CommandException>(() => gateways.AddKey(OperatorActor.Instance, wanted)).Message, StringComparison.Ordinal);
        Assert.Equal(CommandProblem.NotFound, Assert.Throws<CommandException>(() => gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "none", "openai", null, null, "sk"))).Problem);
    }

    [Fact]
    public async Task A_stored_key_is_sealed_for_its_row_and_shown_as_a_preview_only()
    {
        const string Secret = "sk-proj-abcdefghijklmnopqrstuvwxyz-7890";
        await using var server = await TestServer.StartAsync();
        var gateways = server.Service<GatewayCommands>();
        var key = gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", null, null, Secret));
        Assert.Equal("sk-...7890", key.Preview);
        Assert.Equal(Secret, server.Service<SecretBox>().Open(key.Secret, key.Context));
        Assert.Throws<SecretException>(() => server.Service<SecretBox>().Open(key.Secret, (key with { Account = new string('0', 32) }).Context));
        var facts = System.Text.Json.JsonSerializer.Serialize(StoredKeyFacts.Of(key), GatewaysJson.Default.StoredKeyFacts);
        Assert.DoesNotContain("abcdefghij", facts, StringComparison.Ordinal);
        foreach (var entry in server.Service<AuditLog>().List(null, 100, null))
            Assert.DoesNotContain("abcdefghij", entry.Before + entry.After, StringComparison.Ordinal);
        if (On == Backend.Files)
            foreach (var file in Directory.GetFiles(Path.Combine(server.Data, "data"), "*.*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal)))
                Assert.Equal(-1, (await FileBytes.ReadAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes("abcdefghij")));
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_log_and_heard_by_a_server_beside()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        using (var database = server.OpenLedger())
        {
            var beside = new GatewayStore(database, new TeamStore(database, TimeProvider.System));
            beside.Change(() => beside.Write(new GatewaySettings(server.Account, "beside") { ByokOnly = true }));
        }
        await clock.RunUntilAsync(HeardAsync());
        var gateways = server.Service<GatewayCommands>();
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "a"));
        gateways.Set(OperatorActor.Instance, new ChangeGateway(null, "a") { ByokOnly = true });
        var key = gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "a", "openai", null, null, "sk"));
        gateways.RemoveKey(OperatorActor.Instance, null, key.Id.ToString("D"));
        gateways.Delete(OperatorActor.Instance, null, "a");
        var actions = server.Service<AuditLog>().List(null, 5, null).Select(entry => entry.Action).Reverse();
        Assert.Equal(["gateways.create", "gateways.set", "gateways.keys.add", "gateways.keys.remove", "gateways.delete"], actions);

        async Task HeardAsync()
        {
            while ((await server.GetAsync($"/v1/{server.Account}/beside/compat/models")).Status != 200) { }
        }
    }

    /// <summary>Where the data of this class's servers is.</summary>
    private static Backend On => TestServer.On.Value;
}
