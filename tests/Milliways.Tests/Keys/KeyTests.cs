using System.Text;
using Milliways.Keys;
using Milliways.Tests.Api;
using Milliways.Tests.Support;

namespace Milliways.Tests.Keys;

public class KeyTests
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    [Fact]
    public void A_key_has_the_form_of_the_contract()
    {
        for (var i = 0; i < 100; i++)
        {
            var key = KeyText.Create();
            Assert.Matches("^xai-mw-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}$", key);
            Assert.True(KeyText.IsWellFormed(key));
        }
        Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => KeyText.Create()).Distinct().Count());
    }

    [Fact]
    public void Any_single_wrong_character_is_noticed() => Dice.Check(dice =>
    {
        var key = KeyText.Create().ToCharArray();
        var at = dice.Upto(key.Length);
        var wrong = (Alphabet + "-_ é")[dice.Upto(66)];
        if (key[at] == wrong)
            return;
        key[at] = wrong;
        Assert.False(KeyText.IsWellFormed(key), new string(key));
    }, tests: 2000);

    [Fact]
    public void Any_text_is_judged_without_an_exception() => Dice.Check(dice =>
    {
        var text = KeyText.Create();
        var cut = text[..dice.Upto(text.Length)] + string.Concat(dice.Many(5, _ => (char)dice.Upto(0x3000)));
        Assert.False(KeyText.IsWellFormed(cut) && cut != text);
    });

    [Theory]
    [InlineData("/v1/chat/completions", 401, 400, "xai")]
    [InlineData("/v1/messages", 401, 401, "anthropic")]
    [InlineData("/v1/messages/count_tokens", 401, 401, "anthropic")]
    [InlineData("/v1/embeddings", 401, 400, "xai")]
    [InlineData("{gateway}/compat/chat/completions", 401, 401, "cloudflare")]
    [InlineData("{gateway}/grok/v1/chat/completions", 401, 401, "cloudflare")]
    public async Task No_key_and_a_wrong_key_are_refused_in_the_dialect_of_the_path(string path, int none, int wrong, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        path = path.Replace("{gateway}", server.Gateway, StringComparison.Ordinal);
        var unknown = KeyText.Create();
        var mistyped = unknown[..20] + (unknown[20] == 'a' ? 'b' : 'a') + unknown[21..];
        foreach (var (credential, status, checksum) in new[] { ("", none, false), ("Basic dTpw", none, false), ("Bearer ", none, false), ("Bearer nonsense", wrong, false), ("Bearer " + unknown, wrong, false), ("Bearer " + mistyped, wrong, true) })
        {
            var answer = await server.PostAsync(path, "not even read", ("Authorization", credential));
            Assert.True(answer.Status == status, $"{credential}: {answer.Status}");
            Assert.Equal((dialect, "key"), (PathTests.DialectOf(answer.Json), answer.Header("x-milliways-refused")));
            Assert.Equal(checksum && dialect != "cloudflare", answer.Text.Contains("checksum", StringComparison.Ordinal)); // there all are refused alike
            Assert.DoesNotContain(unknown[10..30], answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(mistyped[10..30], answer.Text, StringComparison.Ordinal);
            if (credential.Length > 20 && dialect != "cloudflare")
                Assert.Contains($"xa***{credential[^2..]}", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Both_headers_are_accepted_on_every_path()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var (path, body) in new[] { ("/v1/chat/completions", Answers.Ask()), ("/v1/messages", Answers.Say("alpha")), (server.Gateway + "/compat/chat/completions", Answers.Ask("lab/alpha")) })
            foreach (var headers in new (string, string)[][]
            {
                [("Authorization", "Bearer " + server.Key)], [("Authorization", "bearer " + server.Key)], [("x-api-key", server.Key)],
                [("x-api-key", server.Key), ("Authorization", "Bearer " + server.Key)], [("x-api-key", server.Key), ("Authorization", "Basic dTpw")],
            })
                Assert.Equal(200, (await server.PostAsync(path, body, headers)).Status);
    }

    [Fact]
    public async Task Nothing_of_ours_is_forwarded_to_an_upstream()
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Target == "/v1/messages" ? Answers.Messages : Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "claude": {{TestServer.Claude(fake)}}, "lab": {{TestServer.Lab(fake)}}, "open": { "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/v1" } } }
            """);
        foreach (var model in new[] { "alpha", "claude-x", "open/x" })
        {
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(model), ("x-api-key", server.Key), ("Authorization", "Bearer " + server.Key), ("Cookie", server.Key), ("x-other", server.Key))).Status);
            Assert.Equal(200, (await server.PostAsync("/v1/messages", Answers.Say(model), ("x-api-key", server.Key), ("anthropic-beta", "b"))).Status);
        }
        Assert.Equal(6, fake.Received.Count);
        foreach (var request in fake.Received)
        {
            Assert.DoesNotContain(KeyText.Prefix, request.Head + request.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(server.Key[10..40], request.Head + request.Text, StringComparison.Ordinal);
        }
        Assert.DoesNotContain(fake.Received, request => request.Text.Contains("open", StringComparison.Ordinal) && request.Header("Authorization") is not null);
    }

    [Fact]
    public async Task The_text_of_a_key_is_nowhere_in_the_data_directory()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(200, (await server.GetAsync("/v1/api-key")).Status);
        var secret = Encoding.ASCII.GetBytes(server.Key[7..50]);
        var files = Directory.GetFiles(server.Data, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("lock" or "admin.sock")).ToList();
        Assert.Contains(files, file => file.EndsWith(TestServer.On.Value == Backend.Postgres ? "secret.key" : "ledger.db", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var bytes = await FileBytes.ReadAsync(file);
            Assert.True(bytes.AsSpan().IndexOf(secret) < 0, file);
        }
    }

    [Fact]
    public async Task A_key_made_beside_a_running_server_works_within_a_second_and_a_deleted_one_does_not()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        string text;
        using (var database = server.OpenLedger())
        {
            var teams = new Milliways.Teams.TeamStore(database, clock);
            (_, text) = new KeyStore(database, teams, clock).Create(teams.All()[0], "second");
            await clock.RunUntilAsync(Works(true));
            database.Execute("DELETE FROM api_keys WHERE name = 'second'");
            await clock.RunUntilAsync(Works(false));
        }
        Assert.Equal(200, (await server.GetAsync("/v1/api-key")).Status);

        async Task Works(bool expected)
        {
            while ((await server.GetAsync("/v1/api-key", ("Authorization", "Bearer " + text))).Status == 200 != expected) { }
        }
    }

    [Fact]
    public async Task A_disabled_key_is_forbidden()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        using var database = server.OpenLedger();
        database.Execute("UPDATE api_keys SET disabled = 1");
        async Task<Answer> Refused()
        {
            Answer answer;
            while ((answer = await server.GetAsync("/v1/models")).Status == 200) { }
            return answer;
        }
        var refused = Refused();
        await clock.RunUntilAsync(refused);
        Assert.Equal((403, "blocked"), ((await refused).Status, (await refused).Header("x-milliways-refused")));
    }
}
