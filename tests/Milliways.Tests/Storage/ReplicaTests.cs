using Milliways.Hosting;
using Milliways.Keys;
using Milliways.Secrets;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

/// <summary>Two servers on one PostgreSQL, with data directories of their own.</summary>
public sealed class ReplicaTests
{
    private static readonly Dictionary<string, string> Secret = new() { [MasterSecret.Variable] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };

    /// <summary>The clock stands still, so nothing is polled: what is heard at once came by NOTIFY.</summary>
    [Fact]
    public async Task A_key_that_is_deleted_on_one_server_is_refused_by_the_other_at_once()
    {
        var database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        await using var one = await TestServer.StartAsync(clock: new ManualTime(), environment: Secret, database: database);
        await using var two = await TestServer.StartAsync(clock: new ManualTime(), environment: Secret, database: database);
        Assert.Equal((one.Account, ""), (two.Account, two.Key));

        var (key, text) = one.Service<KeyStore>().Create(one.Service<TeamStore>().All()[0], "second");
        await UntilAsync(two, text, 200).Soon();
        one.Service<KeyStore>().Delete(key.Id);

        Assert.Equal(400, await StatusAsync(one, text));
        await UntilAsync(two, text, 400).Soon();
        Assert.Equal(200, await StatusAsync(two, one.Key));
    }

    [Fact]
    public async Task Without_a_notification_the_clock_alone_brings_a_change_into_effect()
    {
        // Notifications are the database's, whatever the schema: what other tests change must not be heard here.
        await using var own = await PostgresCluster.OwnAsync();
        var database = await own.CreateAsync();
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock, database: database);
        await UntilAsync(server, server.Key, 200);
        using var deaf = DatabaseAddress.Parse(database, "").Another("", "");
        // One change that is heard: from here on the watch listens.
        deaf.Execute("UPDATE api_keys SET name = 'heard'");
        await HeardAsync(server).Soon();
        // As when the listening connection has died without a sign: nothing is told. A look that is still due for what was told before finds nothing new until the number is another one.
        deaf.Execute("ALTER TABLE api_keys DISABLE TRIGGER api_keys_changed");
        deaf.Execute("DELETE FROM api_keys");
        Assert.Equal(200, await StatusAsync(server, server.Key));

        deaf.Execute("UPDATE changes SET number = number + 1 WHERE topic = 'keys'");
        await clock.RunUntilAsync(UntilAsync(server, server.Key, 400), TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task A_server_with_another_master_secret_is_refused_in_one_sentence_and_so_is_one_without()
    {
        var database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        await using var one = await TestServer.StartAsync(database: database);
        var other = await Assert.ThrowsAsync<UserErrorException>(() => TestServer.StartAsync(environment: Secret, database: database));
        Assert.Contains("belongs to another master secret", other.Message, StringComparison.Ordinal);
        var none = await Assert.ThrowsAsync<UserErrorException>(() => TestServer.StartAsync(database: database));
        Assert.Contains("which is not here", none.Message, StringComparison.Ordinal);
        foreach (var error in new[] { other, none })
        {
            Assert.Contains("secret.key", error.Message, StringComparison.Ordinal);
            Assert.Contains(MasterSecret.Variable, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret[MasterSecret.Variable], error.ToString(), StringComparison.Ordinal);
        }
        await one.RestartAsync(); // with its own it starts as ever
    }

    [Fact]
    public async Task A_waiting_answer_of_a_server_that_lives_is_not_interrupted_by_another_ones_start()
    {
        var database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var one = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""", environment: Secret, database: database);
        var begun = await one.PostAsync("/v1/chat/completions", Answers.Ask().Replace("{", "{\"deferred\":true,", StringComparison.Ordinal));
        var path = "/v1/chat/deferred-completion/" + begun.Json.GetProperty("request_id").GetString();

        await using var two = await TestServer.StartAsync(environment: Secret, database: database);
        Assert.Equal(202, (await two.GetAsync(path, ("Authorization", "Bearer " + one.Key))).Status);
        go.Open();
        Answer answer;
        while ((answer = await two.GetAsync(path, ("Authorization", "Bearer " + one.Key))).Status == 202) { }
        Assert.Equal(200, answer.Status);
    }

    private static async Task HeardAsync(TestServer server)
    {
        while ((await server.GetAsync("/v1/api-key")).Json.GetProperty("name").GetString() != "heard") { }
    }

    private static async Task UntilAsync(TestServer server, string key, int status)
    {
        while (await StatusAsync(server, key) != status) { }
    }

    private static async Task<int> StatusAsync(TestServer server, string key) => (await server.GetAsync("/v1/api-key", ("Authorization", "Bearer " + key))).Status;
}
