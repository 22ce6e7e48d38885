using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Hosting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class StartTests
{
    private static MilliwaysServer Build(TempDirectory directory, string? readyFile = null) =>
        ServeHost.Build(TestServer.Options(directory) with { ReadyFile = readyFile }, environment: _ => null);

    [Fact]
    public async Task A_server_whose_data_directory_was_removed_still_ends_without_an_error()
    {
        using var directory = new TempDirectory();
        var server = Build(directory);
        await server.StartAsync();
        foreach (var inside in Directory.GetDirectories(directory.Path))
            Directory.Delete(inside, recursive: true);

        await server.StopAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_data_directory_in_use_names_the_process_that_uses_it()
    {
        using var directory = new TempDirectory();
        await using (Build(directory))
        {
            var error = Assert.Throws<UserErrorException>(() => Build(directory));
            Assert.Contains($"(process {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
            Assert.Contains("--data", error.Message, StringComparison.Ordinal);
        }
        await using var again = Build(directory); // given back
    }

    [Fact]
    public void A_data_directory_that_cannot_be_written_is_told_with_its_remedy()
    {
        // A file where the directory should be: that stops root too, which no permission does.
        using var directory = new TempDirectory();
        directory.Write("data", "");
        var error = Assert.Throws<UserErrorException>(() => Build(directory));
        Assert.Contains(directory["data"], error.Message, StringComparison.Ordinal);
        Assert.Contains("--data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ledger_that_is_no_database_is_refused_in_one_sentence()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["data"]);
        File.WriteAllText(Path.Combine(directory["data"], "ledger.db"), new string('x', 8192));

        var error = Assert.Throws<UserErrorException>(() => Build(directory));

        Assert.Contains("ledger.db cannot be used", error.Message, StringComparison.Ordinal);
        Assert.Equal(8192, new FileInfo(Path.Combine(directory["data"], "ledger.db")).Length);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        using var directory = new TempDirectory();
        await using (Build(directory)) { }
        var file = Path.Combine(directory["data"], "ledger.db");
        Sql(file, "PRAGMA user_version = 99");

        var error = Assert.Throws<UserErrorException>(() => Build(directory));

        Assert.Contains("newer version of Milliways (schema 99", error.Message, StringComparison.Ordinal);
        Assert.Equal(99L, Sql(file, "PRAGMA user_version"));
    }

    [Fact]
    public async Task The_ready_file_is_private_whole_and_has_the_key_on_the_first_start_only()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("ready.json", "old");
        string key;
        await using (var server = Build(directory, file))
        {
            await server.StartAsync();
            var facts = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;
            key = facts.GetProperty("key").GetString()!;
            Assert.Equal(server.FirstKey, key);
            Assert.Equal(server.Address.Http, facts.GetProperty("http").GetString());
            Assert.Equal(server.Address.Http + "/", facts.GetProperty("console").GetString());
            Assert.Equal(server.Team.Account, facts.GetProperty("team").GetString());
            Assert.Equal(Environment.ProcessId, facts.GetProperty("pid").GetInt32());
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(["data", "milliways.json", "ready.json"], Directory.GetFileSystemEntries(directory.Path).Select(Path.GetFileName).Order());
            await server.StopAsync().Soon();
        }
        await using (var server = Build(directory, file))
        {
            await server.StartAsync();
            Assert.False(JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement.TryGetProperty("key", out _));
            Assert.Null(server.FirstKey);
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Add("Authorization", "Bearer " + key);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(server.Address.Http + "/v1/api-key")).StatusCode);
            await server.StopAsync().Soon();
        }
    }

    [Fact]
    public async Task Directories_and_files_are_private()
    {
        await using var server = await TestServer.StartAsync();
        var data = Path.Combine(server.Data, "data");
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(data, "run")));
        Assert.Equal(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), await File.ReadAllTextAsync(Path.Combine(data, "run", "pid")));
        foreach (var name in new[] { "ledger.db", Path.Combine("run", "pid") })
            Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(data, name)));
    }

    [Fact]
    public async Task An_address_that_is_taken_is_told_with_its_remedy()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var directory = new TempDirectory();
        await using var server = ServeHost.Build(TestServer.Options(directory) with { Urls = $"http://{taken.LocalEndpoint}" }, environment: _ => null);

        var error = await Assert.ThrowsAsync<UserErrorException>(server.StartAsync);

        Assert.Contains("taken by another program", error.Message, StringComparison.Ordinal);
        Assert.Contains("--urls", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_a_failed_start_made_and_nobody_saw_is_replaced_by_the_next_start()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var directory = new TempDirectory();
        string lost;
        await using (var failed = ServeHost.Build(TestServer.Options(directory) with { Urls = $"http://{taken.LocalEndpoint}" }, environment: _ => null))
        {
            lost = failed.FirstKey!;
            await Assert.ThrowsAsync<UserErrorException>(failed.StartAsync);
        }
        string key;
        Guid team;
        await using (var server = Build(directory, directory["ready.json"]))
        {
            await server.StartAsync();
            key = JsonDocument.Parse(await File.ReadAllTextAsync(directory["ready.json"])).RootElement.GetProperty("key").GetString()!;
            team = server.Team.Id;
            Assert.NotEqual(lost, key);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (await WithKeyAsync(server, key), await WithKeyAsync(server, lost)));
            await server.StopAsync().Soon();
        }
        await using var third = Build(directory);
        await third.StartAsync();
        Assert.Equal((null, team), (third.FirstKey, third.Team.Id));
        Assert.Equal(HttpStatusCode.OK, await WithKeyAsync(third, key));
        Assert.Equal("first key", Assert.Single(third.Services.GetRequiredService<Milliways.Keys.KeyStore>().All()).Name);
        await third.StopAsync().Soon();
    }

    [Fact]
    public async Task A_key_that_was_being_shown_when_the_server_was_killed_stays_good_beside_the_next_starts()
    {
        using var directory = new TempDirectory();
        string first;
        using (var data = DataDirectory.Open(directory["data"], 1))
        using (var database = Milliways.Storage.LedgerDatabase.Open(Milliways.Storage.DatabaseAddress.Files(data.Path)))
        {
            first = FirstStart.Ensure(database, new Milliways.Teams.TeamStore(database, TimeProvider.System), TimeProvider.System, data).Key!;
            FirstStart.Showing(data); // and no more
        }
        await using var server = Build(directory);
        await server.StartAsync();

        Assert.NotNull(server.FirstKey);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await WithKeyAsync(server, first), await WithKeyAsync(server, server.FirstKey)));
        await server.StopAsync().Soon();
    }

    [Fact]
    public async Task A_ready_file_that_could_not_be_written_has_shown_nobody_the_key()
    {
        using var directory = new TempDirectory();
        await using (var failed = Build(directory, Path.Combine(directory.Path, "nowhere", "ready.json")))
        {
            await Assert.ThrowsAsync<UserErrorException>(failed.StartAsync);
            await failed.StopAsync().Soon();
        }
        await using var server = Build(directory);
        Assert.NotNull(server.FirstKey);
    }

    private static async Task<HttpStatusCode> WithKeyAsync(MilliwaysServer server, string key)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + key);
        return (await http.GetAsync(server.Address.Http + "/v1/api-key")).StatusCode;
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/openapi.json")]
    public async Task Pages_of_other_origins_may_not_read_the_servers_own_paths(string path)
    {
        await using var server = await TestServer.StartAsync();
        foreach (var method in new[] { "GET", "OPTIONS" })
        {
            var answer = await server.SendAsync(method, path, null, ("Origin", "https://app.example"), ("Authorization", ""));
            foreach (var name in new[] { "Allow-Origin", "Allow-Methods", "Allow-Headers", "Expose-Headers" })
                Assert.Null(answer.Header($"Access-Control-{name}"));
        }
    }

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("evil.example:4242", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("10.0.0.1", 403)]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:80", 200)]
    [InlineData("app.localhost", 200)]
    [InlineData("127.0.0.1:9", 200)]
    [InlineData("[::1]:9", 200)]
    [InlineData("friend.example", 200)]
    public async Task A_server_on_loopback_answers_to_loopbacks_names_only(string host, int status)
    {
        await using var server = await TestServer.StartAsync("""{ "security": { "allowedHosts": ["Friend.example"] } }""");
        foreach (var path in new[] { "/healthz", "/v1/models", "/" })
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.Key}\r\n\r\n");
            var head = await client.HeadAsync();
            Assert.Equal(status, head.Status);
            if (status == 403)
                Assert.Null(head.Header("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Health_is_the_process_and_readiness_is_every_part()
    {
        await using (var alone = await TestServer.StartAsync())
        {
            Assert.Equal((200, """{"status":"ok"}"""), ((await alone.GetAsync("/healthz", ("Authorization", ""))).Status, (await alone.GetAsync("/healthz", ("Authorization", ""))).Text));
            var unready = await alone.GetAsync("/readyz", ("Authorization", ""));
            Assert.Equal((503, "unavailable", "off"), (unready.Status, unready.Json.GetProperty("upstreams").GetProperty("status").GetString(), unready.Json.GetProperty("engine").GetProperty("status").GetString()));
        }
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var ready = await server.GetAsync("/readyz", ("Authorization", ""));
        Assert.Equal(200, ready.Status);
        foreach (var part in new[] { "database", "configuration", "upstreams" })
            Assert.Equal("ok", ready.Json.GetProperty(part).GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_openapi_document_has_every_route_its_parameters_and_its_kind_of_key()
    {
        await using var server = await TestServer.StartAsync();
        var paths = (await server.GetAsync("/openapi.json", ("Authorization", ""))).Json.GetProperty("paths");

        var routes = server.Service<Milliways.Api.Routes>().All;
        Assert.True(routes.Count > 15);
        foreach (var route in routes)
        {
            var operation = paths.GetProperty(route.Path).GetProperty(route.Method.ToLowerInvariant());
            Assert.Equal(route.Key switch { Milliways.Api.KeyKind.ApiKey => 2, Milliways.Api.KeyKind.ManagementKey => 1, _ => 0 }, operation.GetProperty("security").GetArrayLength());
            // What is said without a key is served without one, and the other way round.
            var answer = await server.SendAsync(route.Method, route.Path.Replace("{model_id}", "x", StringComparison.Ordinal), null, ("Authorization", ""));
            Assert.Equal(route.Key != Milliways.Api.KeyKind.None, answer.Status == 401);
        }
        Assert.Equal(["delete", "get", "head", "patch", "post", "put"],
            paths.GetProperty("/v1/{account_id}/{gateway_id}/{provider}/{path}").EnumerateObject().Select(member => member.Name).Where(name => name != "parameters").Order(StringComparer.Ordinal));
        Assert.Contains("WebSocket", paths.GetProperty("/v1/{account_id}/{gateway_id}/{provider}").GetProperty("get").GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Equal("model_id", paths.GetProperty("/v1/models/{model_id}").GetProperty("parameters")[0].GetProperty("name").GetString());
        Assert.Equal(["account_id", "gateway_id"], paths.GetProperty("/v1/{account_id}/{gateway_id}/compat/chat/completions").GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task The_start_page_needs_no_key_and_holds_none()
    {
        await using var server = await TestServer.StartAsync();
        var page = await server.GetAsync("/", ("Authorization", ""));
        Assert.Equal((200, "nosniff"), (page.Status, page.Header("X-Content-Type-Options")));
        Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Key, page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_shutdown_a_running_answer_goes_on_to_its_end()
    {
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        Assert.Equal(Answers.Role, await client.EventAsync());

        var stopping = server.Server.StopAsync();
        Assert.False(stopping.IsCompleted);
        go.Open();

        Assert.EndsWith(Answers.Done, await client.RestTextAsync(), StringComparison.Ordinal);
        Assert.Equal(WireEnd.Proper, client.End);
        await stopping.Soon();
    }

    [Fact]
    public async Task After_the_grace_period_a_running_answer_ends_with_its_dialects_error()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab, clock, ", \"timeouts\": { \"idle\": \"25m\" }");
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/messages", Answers.Say("alpha", stream: true));
        await client.HeadAsync();
        while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }

        var stopping = server.Server.StopAsync();
        var rest = client.RestTextAsync();
        var took = await clock.RunUntilAsync(rest, TimeSpan.FromSeconds(5)); // ten minutes must pass within the upstream's patience

        // Beyond it by as much as the test's clock has run ahead of a busy server: that the grace was over is what the error says.
        Assert.InRange(took, ServeHost.Grace, ServeHost.Grace + TimeSpan.FromMinutes(10));
        Assert.Contains("event: error\n", await rest, StringComparison.Ordinal);
        Assert.Contains("shutting down", await rest, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
        await stopping.Soon();
    }

    [Fact]
    public async Task A_second_signal_ends_running_answers_at_once()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        var turn = await lab.ArrivalAsync();

        var stopping = server.Server.StopAsync();
        server.Service<Drain>().AtOnce();

        Assert.Contains("shutting down", await client.RestTextAsync(), StringComparison.Ordinal); // no time has passed
        Assert.NotEqual(WireEnd.Proper, client.End);
        await turn.ClosedAsync();
        await clock.RunUntilAsync(stopping, TimeSpan.FromMilliseconds(100));
    }

    private static object? Sql(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
