using System.Text;
using System.Text.Json;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>The log by the operations of the command line, through the admin socket and without a server.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LogCommandTests
{
    [Fact]
    public async Task The_command_line_lists_follows_and_shows_beside_a_server()
    {
        await using var logged = await Logged.StartAsync("""{ "payloads": "full" }""");
        var from = (await Ask(logged, "logs follow", """{"filters":[],"limit":10,"written_after":-1}""")).GetProperty("next").GetInt64();
        var good = await logged.AskAsync();
        var bad = await logged.AskAsync("nothing");
        await logged.EntriesAsync(2);

        var page = await Ask(logged, "logs list", """{"filters":[],"limit":1}""");
        Assert.Equal((logged.Server.Account, 1, bad.Header("x-request-id")), (page.GetProperty("team").GetString(), page.GetProperty("entries").GetArrayLength(), page.GetProperty("entries")[0].GetProperty("request_id").GetString()));
        var second = await Ask(logged, "logs list", $$"""{"filters":[],"limit":1,"after":"{{page.GetProperty("next").GetString()}}"}""");
        Assert.Equal((good.Header("x-request-id"), JsonValueKind.Null), (second.GetProperty("entries")[0].GetProperty("request_id").GetString(), second.GetProperty("next").ValueKind));
        var failed = await Ask(logged, "logs list", """{"filters":[{"key":"success","operator":"eq","value":["false"]}],"limit":50}""");
        Assert.Equal(404, Assert.Single(failed.GetProperty("entries").EnumerateArray()).GetProperty("status_code").GetInt32());
        var news = await Ask(logged, "logs follow", $$"""{"filters":[],"limit":10,"written_after":{{from}}}""");
        Assert.Equal([good.Header("x-request-id"), bad.Header("x-request-id")], news.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("request_id").GetString()));
        var shown = await Ask(logged, "logs show", $$"""{"id":"{{good.Header("x-request-id")}}","payloads":true}""");
        Assert.Equal((Answers.Ask("priced"), good.Text), (shown.GetProperty("payload").GetProperty("request_body").GetString(), shown.GetProperty("payload").GetProperty("response_body").GetString()));
        Assert.Equal(shown.GetProperty("entry").GetProperty("id").GetString(), (await Ask(logged, "logs show", $$"""{"id":"{{shown.GetProperty("entry").GetProperty("id").GetString()}}"}""")).GetProperty("entry").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Without_a_server_the_log_is_read_from_its_file()
    {
        using var directory = new TempDirectory();
        string account;
        await using (var server = ServeHost.Build(TestServer.Options(directory) with { Governance = true }))
        {
            await server.StartAsync();
            account = server.Team.Account;
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Add("Authorization", "Bearer " + server.FirstKey);
            using var body = new StringContent(Answers.Ask("nothing"), Encoding.UTF8, "application/json");
            Assert.Equal(404, (int)(await http.PostAsync(server.Address.Http + Logged.Chat, body)).StatusCode);
            await server.StopAsync(); // what waits is written before the end
        }
        var page = JsonDocument.Parse(await AdminDoor.AskAsync(directory["data"], "logs list", """{"filters":[],"limit":5}"""u8.ToArray())).RootElement;
        Assert.Equal((account, 404), (page.GetProperty("team").GetString(), Assert.Single(page.GetProperty("entries").EnumerateArray()).GetProperty("status_code").GetInt32()));
    }

    [Theory]
    [InlineData("logs list", """{"filters":[{"key":"statsu","operator":"eq","value":["1"]}],"limit":5}""", ExitCode.Usage, "did you mean \"status\"?")]
    [InlineData("logs list", """{"filters":[],"limit":0}""", ExitCode.Usage, "limit must be from 1 to 1000")]
    [InlineData("logs list", """{"filters":[],"limit":5,"after":"x"}""", ExitCode.Usage, "is no place in the log")]
    [InlineData("logs list", """{"team":"0190a0000000700080000000000000aa","filters":[],"limit":5}""", ExitCode.Failed, "no team")]
    [InlineData("logs show", """{"id":"req_1"}""", ExitCode.Failed, "The log has no entry req_1")]
    public async Task What_cannot_be_asked_is_refused_with_the_remedy(string command, string request, int exitCode, string says)
    {
        await using var logged = await Logged.StartAsync();
        var refused = await Assert.ThrowsAsync<UserErrorException>(() => Ask(logged, command, request));
        Assert.Equal(exitCode, refused.ExitCode);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_admins_of_a_team_read_its_log_and_no_other_teams()
    {
        await using var logged = await Logged.StartAsync();
        await logged.EntryAsync(await logged.AskAsync());
        var (commands, team) = (logged.Server.Service<LogCommands>(), logged.Server.Server.Team.Id);
        var ask = new LogsOf(logged.Server.Account, [], 10, null, null);
        Assert.Single((await commands.ListAsync(As(team, Role.Admin), ask)).Entries);
        Assert.Equal(CommandProblem.Forbidden, (await Assert.ThrowsAsync<CommandException>(() => commands.ListAsync(As(team, Role.Member), ask))).Problem);
        Assert.Equal(CommandProblem.NotFound, (await Assert.ThrowsAsync<CommandException>(() => commands.FollowAsync(As(Guid.NewGuid(), Role.Owner), ask))).Problem);
        Assert.Equal(CommandProblem.NotFound, (await Assert.ThrowsAsync<CommandException>(() => commands.ShowAsync(As(Guid.NewGuid(), Role.Owner), new LogRef(logged.Server.Account, "x", true)))).Problem);

        static UserActor As(Guid team, Role role) => new(Guid.NewGuid(), new Dictionary<Guid, Role> { [team] = role });
    }

    [Fact]
    public void What_a_caller_wrote_does_not_draw_on_the_readers_terminal()
    {
        var text = LogText.Of(new LogDetail(Some.Entry("t") with { UserAgent = "a\u001b[2Jb", Error = "x\ny" }, [], null));
        Assert.DoesNotContain('\u001b', text);
        Assert.Contains("x y", text, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> Ask(Logged logged, string name, string request) =>
        JsonDocument.Parse(await AdminDoor.AskAsync(Path.Combine(logged.Server.Data, "data"), name, Encoding.UTF8.GetBytes(request))).RootElement;
}
