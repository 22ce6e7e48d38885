using System.Net;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Keys;

/// <summary>The commands on teams, people and keys with the built executable, beside a running server.</summary>
public sealed class CommandsTests
{
    [Fact]
    public async Task What_a_command_changes_beside_a_running_server_is_in_effect_when_it_ends()
    {
        await using var server = await MilliwaysProcess.StartAsync(new Setup { NoEngine = true });
        var team = (await JsonAsync(server, "teams", "create", "--name", "search"))["id"]!.GetValue<string>();
        var made = await JsonAsync(server, "keys", "create", "--team", team, "--name", "ci", "--models", "grok-beta,lab/a", "--endpoints", "models", "--requests-per-minute", "60",
            "--tokens-per-minute", "5000000000", "--concurrent", "2", "--budget", "2.50", "--expires", "30d");
        Assert.Equal(["expires", "id", "key", "name", "old_key_expires", "team"], made.AsObject().Select(member => member.Key).Order());
        var (id, key) = (made["id"]!.GetValue<string>(), made["key"]!.GetValue<string>());
        Assert.Equal((team, "ci"), (made["team"]!.GetValue<string>(), made["name"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, key));
        var shown = await JsonAsync(server, "keys", "show", id);
        Assert.Equal(["api-key:model:grok-beta", "api-key:model:lab/a", "api-key:endpoint:models"], shown["acls"]!.AsArray().Select(acl => acl!.GetValue<string>()));
        Assert.Equal((25_000_000_000, 60, 5_000_000_000), (shown["budget_ticks"]!.GetValue<long>(), shown["limits"]!["requests_per_minute"]!.GetValue<int>(), shown["limits"]!["tokens_per_minute"]!.GetValue<long>()));

        var rotated = await JsonAsync(server, "keys", "rotate", id, "--overlap", "0s");
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(server, key));
        key = rotated["key"]!.GetValue<string>();
        foreach (var (off, on, what) in new[] { ("disable", "enable", "keys"), ("block", "unblock", "keys"), ("block", "unblock", "teams") })
        {
            await JsonAsync(server, what, off, what == "keys" ? id : team);
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, key));
            await JsonAsync(server, what, on, what == "keys" ? id : team);
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, key));
        }
        await JsonAsync(server, "keys", "set", id, "--endpoints", "chat");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, key));
        await JsonAsync(server, "limits", "set", "--team", team, "--requests-per-hour", "10", "--concurrent", "none");
        Assert.Equal(10, (await JsonAsync(server, "limits", "show", "--team", team))["limits"]!["requests_per_hour"]!.GetValue<int>());
        await JsonAsync(server, "keys", "delete", id);
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(server, key));
        Assert.Single((await JsonAsync(server, "keys", "list")).AsArray());

        Assert.NotEmpty((await JsonAsync(server, "members", "invite", "ann@example.org", "--team", team, "--role", "owner"))["token"]!.GetValue<string>());
        Assert.Single((await JsonAsync(server, "members", "list", "--team", team))["invitations"]!.AsArray());
        await JsonAsync(server, "members", "remove", "ann@example.org", "--team", team);
        Assert.Equal("renamed", (await JsonAsync(server, "teams", "rename", team, "--name", "renamed"))["name"]!.GetValue<string>());
        await JsonAsync(server, "teams", "delete", team);
        Assert.Single((await JsonAsync(server, "teams", "list")).AsArray());

        var management = (await JsonAsync(server, "keys", "create-management", "--name", "m", "--endpoints", "ListApiKeys"))["key"]!.GetValue<string>();
        using var api = new Api(server.Base, management);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/management/auth/management-keys/validation")).Status);
        var audit = (await JsonAsync(server, "audit", "list", "--limit", "1000")).AsArray().Select(one => one!["action"]!.GetValue<string>()).ToList();
        Assert.Equal(["management-keys.create", "teams.delete", "teams.rename", "members.uninvite", "members.invite", "keys.delete", "teams.set-limits", "keys.change"], audit[..8]);
        Assert.DoesNotContain(key, server.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "keys", "create", "--name", "k", "--concurrent", "0")]
    [InlineData(2, "keys", "create", "--name", "k", "--budget", "much")]
    [InlineData(2, "keys", "create", "--name", "k", "--expires", "0s")]
    [InlineData(2, "keys", "create")]
    [InlineData(2, "limits", "set")]
    [InlineData(2, "members", "invite", "nobody")]
    [InlineData(1, "keys", "show", "0190a000-0000-7000-8000-0000000000aa")]
    [InlineData(1, "teams", "show", "nonsense")]
    [InlineData(1, "admin", "reset-password", "nobody@example.org")]
    public async Task What_is_wrong_is_one_sentence_on_standard_error_and_an_exit_code(int exitCode, params string[] words)
    {
        await using var server = await SharedAsync();
        var finished = await Program.MilliwaysAsync([.. words, "--data", server.Data]);
        Assert.True(finished.ExitCode == exitCode, finished.ToString());
        Assert.Empty(finished.Output);
        Assert.StartsWith("milliways: ", finished.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("teams", "create|list|show|rename|block|unblock|delete")]
    [InlineData("members", "list|invite|set-role|remove")]
    [InlineData("keys", "create|list|show|set|rotate|disable|enable|block|unblock|delete|create-management")]
    [InlineData("limits", "show|set")]
    [InlineData("audit", "list")]
    [InlineData("admin", "reset-password")]
    public async Task Help_names_every_command_and_each_has_its_own(string command, string subcommands)
    {
        var help = await Program.MilliwaysAsync(command, "--help");
        foreach (var word in subcommands.Split('|'))
        {
            Assert.Contains(word, help.Output, StringComparison.Ordinal);
            var own = await Program.MilliwaysAsync(command, word, "--help");
            Assert.True(own.ExitCode == 0, own.ToString());
            Assert.Contains("--json", own.Output, StringComparison.Ordinal);
        }
    }

    private static Task<MilliwaysProcess> SharedAsync() => MilliwaysProcess.StartAsync(new Setup { NoEngine = true });

    private static async Task<HttpStatusCode> StatusAsync(MilliwaysProcess server, string key)
    {
        using var api = new Api(server.Base, key);
        return (await api.GetAsync("/v1/models")).Status;
    }

    private static async Task<JsonNode> JsonAsync(MilliwaysProcess server, params string[] words)
    {
        var finished = await Program.MilliwaysAsync([.. words, "--json", "--data", server.Data]);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return JsonNode.Parse(finished.Output)!;
    }
}
