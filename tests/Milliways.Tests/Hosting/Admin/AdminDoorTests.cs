using System.Text;
using System.Text.Json;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Keys;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting.Admin;

/// <summary>Commands beside a running server and without one.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AdminDoorTests
{
    private static readonly byte[] Nothing = "{}"u8.ToArray();

    [Fact]
    public async Task Beside_a_running_server_a_command_is_in_effect_there_when_it_returns()
    {
        await using var server = await TestServer.StartAsync();
        var made = JsonDocument.Parse(await Ask(server, "keys create", """{"name":"k","limits":{"requests_per_minute":3},"budget":"2.50"}""")).RootElement;
        var (id, key) = (made.GetProperty("id").GetString()!, ("Authorization", "Bearer " + made.GetProperty("key").GetString()));
        Assert.Equal(200, (await server.GetAsync("/v1/models", key)).Status);
        var known = server.Service<KeyStore>().Find(Guid.Parse(id))!;
        Assert.Equal((3, 25_000_000_000L), (known.Limits.RequestsPerMinute, known.Budget));
        await Ask(server, "keys disable", $$"""{"id":"{{id}}"}""");
        Assert.Equal(403, (await server.GetAsync("/v1/models", key)).Status);
        await Ask(server, "keys enable", $$"""{"id":"{{id}}"}""");
        await Ask(server, "limits set", """{"limits":{"concurrent":7}}""");
        Assert.Equal(7, server.Service<KeyStore>().Find(Guid.Parse(id))!.Team.Limits.Concurrent);
        await Ask(server, "keys delete", $$"""{"id":"{{id}}"}""");
        Assert.Equal(400, (await server.GetAsync("/v1/models", key)).Status);
    }

    [Fact]
    public async Task Without_a_server_the_command_opens_the_database_itself_and_the_next_server_knows_of_it()
    {
        using var directory = new TempDirectory();
        await using (var first = ServeHost.Build(TestServer.Options(directory)))
            await first.StartAsync();
        var data = directory["data"];
        var made = JsonDocument.Parse(await AdminDoor.AskAsync(data, "keys create", """{"name":"k"}"""u8.ToArray())).RootElement;
        Assert.False(File.Exists(Path.Combine(data, "run", "pid")));
        await using var second = ServeHost.Build(TestServer.Options(directory));
        await second.StartAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + made.GetProperty("key").GetString());
        Assert.True((await http.GetAsync(second.Address.Http + "/v1/models")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task Many_commands_at_once_without_a_server_wait_for_each_other()
    {
        using var directory = new TempDirectory();
        await using (var first = ServeHost.Build(TestServer.Options(directory)))
            await first.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => AdminDoor.AskAsync(directory["data"], "teams create", Encoding.UTF8.GetBytes($$"""{"name":"team {{i}}"}""")))).Soon();
        Assert.Equal(6, JsonDocument.Parse(await AdminDoor.AskAsync(directory["data"], "teams list", Nothing)).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Only_the_servers_user_can_open_the_socket_and_it_is_gone_with_the_server()
    {
        using var directory = new TempDirectory();
        var path = Path.Combine(directory["data"], "run", "admin.sock");
        await using (var server = ServeHost.Build(TestServer.Options(directory)))
        {
            await server.StartAsync();
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
            await server.StopAsync();
        }
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_socket_that_a_killed_server_left_keeps_no_command_from_working()
    {
        using var directory = new TempDirectory();
        await using (var server = ServeHost.Build(TestServer.Options(directory)))
            await server.StartAsync();
        using (var left = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
            left.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(directory["data"], "run", "admin.sock")));
        if (!File.Exists(Path.Combine(directory["data"], "run", "admin.sock")))
            File.WriteAllText(Path.Combine(directory["data"], "run", "admin.sock"), "");
        Assert.Single(JsonDocument.Parse(await AdminDoor.AskAsync(directory["data"], "teams list", Nothing)).RootElement.EnumerateArray());
        await using var next = ServeHost.Build(TestServer.Options(directory));
        await next.StartAsync();
        Assert.Single(JsonDocument.Parse(await AdminDoor.AskAsync(directory["data"], "teams list", Nothing)).RootElement.EnumerateArray());
    }

    [Fact]
    public async Task A_data_directory_with_a_path_too_long_for_a_socket_has_it_elsewhere()
    {
        using var directory = new TempDirectory();
        var data = Path.Combine(directory.Path, new string('d', 120));
        await using var server = ServeHost.Build(TestServer.Options(directory) with { DataDirectory = data });
        await server.StartAsync();
        var path = AdminSocketPath.Of(Path.Combine(data, "run"));
        Assert.False(path.StartsWith(data, StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        Assert.Single(JsonDocument.Parse(await AdminDoor.AskAsync(data, "teams list", Nothing)).RootElement.EnumerateArray());
        await server.StopAsync();
        Directory.Delete(Path.GetDirectoryName(path)!);
    }

    [Theory]
    [InlineData("keys create", """{"name":""}""", ExitCode.Usage, "name")]
    [InlineData("keys create", """{"name":"k","expires":"soon"}""", ExitCode.Usage, "30d")]
    [InlineData("keys create", """{"name":"k","budget":"1e3"}""", ExitCode.Usage, "25.00")]
    [InlineData("keys create", """{"name":"k","endpoints":["chatter"]}""", ExitCode.Usage, "chatter")]
    [InlineData("keys create", """{"name":"k","limits":{"concurrent":0}}""", ExitCode.Usage, "concurrent")]
    [InlineData("keys create", """{"name":"k","team":"0190a0000000700080000000000000aa"}""", ExitCode.Failed, "no team")]
    [InlineData("keys show", """{"id":"0190a000-0000-7000-8000-0000000000aa"}""", ExitCode.Failed, "no API key")]
    [InlineData("keys create", "[]", ExitCode.Usage, "keys create")]
    [InlineData("teams conquer", "{}", ExitCode.Usage, "teams conquer")]
    public async Task What_is_refused_says_the_same_beside_a_server_and_without_one(string command, string request, int exitCode, string says)
    {
        string running;
        using var directory = new TempDirectory();
        await using (var server = ServeHost.Build(TestServer.Options(directory)))
        {
            await server.StartAsync();
            running = await Refused();
        }
        Assert.Equal(running, await Refused());
        Assert.Contains(says, running, StringComparison.Ordinal);

        async Task<string> Refused()
        {
            var error = await Assert.ThrowsAsync<UserErrorException>(() => AdminDoor.AskAsync(directory["data"], command, Encoding.UTF8.GetBytes(request)));
            Assert.Equal(exitCode, error.ExitCode);
            return error.Message;
        }
    }

    [Fact]
    public async Task The_public_address_knows_no_command()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var name in server.Service<AdminCommands>().Names)
            Assert.Equal(404, (await server.PostAsync("/" + name.Replace(' ', '/'), "{}")).Status);
    }

    private static Task<byte[]> Ask(TestServer server, string name, string request) => AdminDoor.AskAsync(Path.Combine(server.Data, "data"), name, Encoding.UTF8.GetBytes(request));
}
