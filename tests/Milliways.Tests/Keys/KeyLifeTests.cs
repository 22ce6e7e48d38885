using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Keys;

/// <summary>A key's states, its end, and its rotation, on the clock of the test.</summary>
public class KeyLifeTests
{
    private static readonly Actor Operator = OperatorActor.Instance;

    public static TheoryData<string, string> States => new()
    {
        { "disabled", "disabled" }, { "blocked", "blocked" }, { "team", "team" }, { "deleted", "" },
    };

    [Theory]
    [MemberData(nameof(States))]
    public async Task What_a_command_takes_away_is_refused_with_the_next_request_of_a_kept_connection_and_given_back_with_the_next(string state, string word)
    {
        await using var server = await TestServer.StartAsync();
        var (keys, teams) = (server.Service<KeyCommands>(), server.Service<TeamCommands>());
        var (key, text) = keys.Create(Operator, null, new KeySettings("k"));
        var id = key.Id.ToString("D");
        var bearer = ("Authorization", "Bearer " + text);
        for (var i = 0; i < 3; i++)
            Assert.Equal(200, (await server.GetAsync("/v1/models", bearer)).Status);

        Switch(true);
        var refused = await server.GetAsync("/v1/models", bearer);
        if (state == "deleted")
        {
            Assert.Equal((400, "key"), (refused.Status, refused.Header("x-milliways-refused")));
            return;
        }
        Assert.Equal((403, "blocked"), (refused.Status, refused.Header("x-milliways-refused")));
        Assert.Contains(word, refused.Text, StringComparison.Ordinal);
        Assert.Equal("The caller does not have permission to execute the specified operation", refused.Json.GetProperty("code").GetString());
        Assert.Equal(403, (await server.PostAsync("/v1/messages", Answers.Say(), bearer)).Status);
        // Its state can be told all the same (xai-api 4.3).
        var about = await server.GetAsync("/v1/api-key", bearer);
        Assert.Equal(200, about.Status);
        Assert.Equal((state == "disabled", state == "blocked", state == "team"),
            (about.Json.GetProperty("api_key_disabled").GetBoolean(), about.Json.GetProperty("api_key_blocked").GetBoolean(), about.Json.GetProperty("team_blocked").GetBoolean()));

        Switch(false);
        Assert.Equal(200, (await server.GetAsync("/v1/models", bearer)).Status);

        void Switch(bool on)
        {
            if (state == "disabled")
                keys.SetDisabled(Operator, id, on);
            else if (state == "blocked")
                keys.SetBlocked(Operator, id, on);
            else if (state == "team")
                teams.SetBlocked(Operator, null, on);
            else
                keys.Delete(Operator, id);
        }
    }

    [Fact]
    public async Task A_key_ends_at_its_time_and_not_before()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var (_, text) = server.Service<KeyCommands>().Create(Operator, null, new KeySettings("k") { Expires = clock.GetUtcNow() + TimeSpan.FromDays(30) });
        var bearer = ("Authorization", "Bearer " + text);
        clock.Jump(TimeSpan.FromDays(30) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, (await server.GetAsync("/v1/models", bearer)).Status);
        clock.Jump(TimeSpan.FromMilliseconds(1));
        var refused = await server.GetAsync("/v1/models", bearer);
        Assert.Equal((403, "blocked"), (refused.Status, refused.Header("x-milliways-refused")));
        Assert.Contains("expired", refused.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 24)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(168, 168)]
    public async Task After_a_rotation_both_texts_work_for_the_overlap_and_then_the_new_one_alone(int? hours, int works)
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var keys = server.Service<KeyCommands>();
        var (key, old) = keys.Create(Operator, null, new KeySettings("k"));
        Assert.Equal(200, await Status(old));

        var (rotated, text, until) = keys.Rotate(Operator, key.Id.ToString("D"), hours is { } given ? TimeSpan.FromHours(given) : null);
        Assert.Equal((key.Id, clock.GetUtcNow() + TimeSpan.FromHours(works)), (rotated.Id, until));
        Assert.NotEqual(old, text);
        Assert.Equal(200, await Status(text));
        Assert.Equal(works > 0 ? 200 : 400, await Status(old));
        if (works > 0)
        {
            clock.Jump(TimeSpan.FromHours(works) - TimeSpan.FromMilliseconds(1));
            Assert.Equal((200, 200), (await Status(old), await Status(text)));
            clock.Jump(TimeSpan.FromMilliseconds(1));
        }
        Assert.Equal((400, 200), (await Status(old), await Status(text)));
        await server.RestartAsync();
        Assert.Equal((400, 200), (await Status(old), await Status(text)));

        async Task<int> Status(string credential) => (await server.GetAsync("/v1/models", ("Authorization", "Bearer " + credential))).Status;
    }

    [Fact]
    public async Task A_second_rotation_does_not_cut_the_overlap_of_the_first_short_and_a_restart_forgets_neither()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var keys = server.Service<KeyCommands>();
        var (key, first) = keys.Create(Operator, null, new KeySettings("k"));
        var second = keys.Rotate(Operator, key.Id.ToString("D"), TimeSpan.FromHours(2)).Text;
        var third = keys.Rotate(Operator, key.Id.ToString("D"), TimeSpan.FromHours(1)).Text;
        await server.RestartAsync();
        Assert.Equal("200 200 200", await All());
        clock.Jump(TimeSpan.FromHours(1));
        Assert.Equal("200 400 200", await All());
        clock.Jump(TimeSpan.FromHours(1));
        Assert.Equal("400 400 200", await All());
        server.Service<KeyCommands>().Delete(Operator, key.Id.ToString("D"));
        Assert.Equal("400 400 400", await All());

        async Task<string> All()
        {
            var found = new List<int>();
            foreach (var text in new[] { first, second, third })
                found.Add((await server.GetAsync("/v1/models", ("Authorization", "Bearer " + text))).Status);
            return string.Join(' ', found);
        }
    }

    [Fact]
    public async Task The_overlap_is_at_most_seven_days()
    {
        await using var server = await TestServer.StartAsync();
        var keys = server.Service<KeyCommands>();
        var id = keys.Create(Operator, null, new KeySettings("k")).Key.Id.ToString("D");
        foreach (var wrong in new[] { TimeSpan.FromDays(7) + TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(-1) })
            Assert.Equal(CommandProblem.Invalid, Assert.Throws<CommandException>(() => keys.Rotate(Operator, id, wrong)).Problem);
    }

    [Fact]
    public async Task When_a_key_was_used_last_is_written_to_the_database_in_batches_and_survives_a_restart()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var (key, text) = server.Service<KeyCommands>().Create(Operator, null, new KeySettings("k"));
        clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(200, (await server.GetAsync("/v1/models", ("Authorization", "Bearer " + text))).Status);
        var rows = server.Service<KeyStore>().Rows;
        Assert.Equal(0, rows.Find(key.Id)!.Value.LastUsed);
        await clock.RunUntilAsync(WrittenAsync());
        await server.RestartAsync();
        Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds() / 60_000, server.Service<KeyStore>().Find(key.Id)!.Use.Last / 60_000);

        async Task WrittenAsync()
        {
            while (rows.Find(key.Id)!.Value.LastUsed == 0)
                await Task.Yield();
        }
    }

    [Fact]
    public async Task What_was_set_is_what_a_restarted_server_reads()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var settings = new KeySettings("all of it")
        {
            Acls = KeyWords.Acls(["a", "lab/b"], ["chat", "models"]),
            Limits = new Milliways.Limits.LimitSet { RequestsPerSecond = 1, RequestsPerMinute = 2, RequestsPerHour = 3, TokensPerMinute = 5_000_000_000, Concurrent = 4 },
            Budget = 12_345,
            Expires = clock.GetUtcNow() + TimeSpan.FromDays(1),
            Flavour = Milliways.Dialects.Chat.Flavour.OpenAi,
            Disabled = true,
        };
        var id = server.Service<KeyCommands>().Create(Operator, null, settings).Key.Id;
        await server.RestartAsync();
        var read = KeySettings.Of(server.Service<KeyStore>().Find(id)!);
        Assert.Equal(settings with { Acls = KeyAcls.All }, read with { Acls = KeyAcls.All });
        Assert.Equal(settings.Acls.Texts, read.Acls.Texts);
    }
}
