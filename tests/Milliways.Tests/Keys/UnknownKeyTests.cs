using System.Text.RegularExpressions;
using Milliways.Dialects.Chat;
using Milliways.Gateway;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Keys;

/// <summary>What keys are told that nobody knows, that are another team's, or that are switched off: no more than they have to know.</summary>
public partial class UnknownKeyTests
{
    [Fact]
    public async Task A_key_of_another_team_is_answered_at_every_gateway_address_as_one_that_nobody_knows()
    {
        await using var server = await TestServer.StartAsync();
        // Its own flavour must not show either.
        var (foreign, unknown) = (server.Service<KeyStore>().Create(server.Service<TeamStore>().Create("other"), "other", Flavour.Xai).Text, KeyText.Create());
        var paths = GatewayRoutes.Describe().Select(row => row.Path.Replace("{provider}", "grok", StringComparison.Ordinal).Replace("{path}", "chat/completions", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(paths.Count > 5);
        foreach (var path in paths.Append("/v1/{account_id}/{gateway_id}/nothing/here"))
            foreach (var method in new[] { "POST", "GET" })
            {
                var answers = new List<string>();
                foreach (var (key, account, gateway) in new[] { (unknown, server.Account, "default"), (foreign, server.Account, "default"), (foreign, new string('f', 32), "default"), (foreign, server.Account, "nothing"), (unknown, new string('f', 32), "nothing") })
                {
                    var at = path.Replace("{account_id}", account, StringComparison.Ordinal).Replace("{gateway_id}", gateway, StringComparison.Ordinal);
                    var answer = await server.SendAsync(method, at, method == "GET" ? null : new StringContent("{}"), ("Authorization", "Bearer " + key));
                    answers.Add(Anonymous(answer, key, at));
                }
                Assert.True(answers.Distinct().Count() == 1, $"{method} {path}\n{string.Join('\n', answers.Distinct())}");
                Assert.StartsWith("401 ", answers[0], StringComparison.Ordinal);
                Assert.Contains("2009", answers[0], StringComparison.Ordinal);
            }
        // Its own key is told what is wrong with the address.
        var own = await server.PostAsync($"/v1/{server.Account}/nothing/compat/chat/completions", "{}");
        Assert.Equal((400, true), (own.Status, own.Text.Contains("2001", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task On_every_path_a_key_that_was_deleted_is_answered_as_one_that_never_was_and_a_mistyped_one_depends_on_its_text_alone()
    {
        await using var server = await TestServer.StartAsync();
        var commands = server.Service<KeyCommands>();
        var (deleted, text) = commands.Create(OperatorActor.Instance, null, new KeySettings("gone"));
        commands.Delete(OperatorActor.Instance, deleted.Id.ToString("D"));
        var mistyped = new[] { Mistype(text), Mistype(KeyText.Create()), Mistype(server.OtherTeamsKey()), Mistype(server.Key) };
        foreach (var (method, path) in Paths)
        {
            Assert.Equal(await AskAsync(method, path, KeyText.Create()), await AskAsync(method, path, text));
            var told = new List<string>();
            foreach (var key in mistyped)
                told.Add(await AskAsync(method, path, key));
            Assert.True(told.Distinct().Count() == 1, string.Join('\n', told.Distinct()));
            Assert.Contains("Incorrect API key provided", told[0], StringComparison.Ordinal);
        }

        async Task<string> AskAsync(string method, string path, string key) =>
            Anonymous(await server.SendAsync(method, path, method == "GET" ? null : new StringContent("{}"), ("Authorization", "Bearer " + key)), key, path);
    }

    [Fact]
    public async Task A_disabled_key_is_told_so_on_every_path_whoevers_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var (key, text) = server.Service<KeyCommands>().Create(OperatorActor.Instance, null, new KeySettings("off"));
        server.Service<KeyCommands>().SetDisabled(OperatorActor.Instance, key.Id.ToString("D"), true);
        foreach (var (method, path) in Paths.Where(path => path.Path != "/v1/api-key")) // which describes it
        {
            var answer = await server.SendAsync(method, path, method == "GET" ? null : new StringContent("{}"), ("Authorization", "Bearer " + text));
            Assert.Equal((403, true), (answer.Status, answer.Text.Contains("This API key is disabled.", StringComparison.Ordinal)));
        }
    }

    private static readonly (string Method, string Path)[] Paths =
    [
        ("POST", "/v1/chat/completions"), ("POST", "/v1/messages"), ("POST", "/v1/responses"), ("POST", "/v1/embeddings"), ("POST", "/v1/completions"), ("POST", "/v1/complete"),
        ("POST", "/v1/images/generations"), ("GET", "/v1/models"), ("GET", "/v1/models/alpha"), ("GET", "/v1/language-models"), ("GET", "/v1/api-key"), ("GET", "/v1/files"),
        ("GET", "/v1/chat/deferred-completion/00000000-0000-0000-0000-000000000000"), ("GET", "/v1/responses/resp_1"), ("GET", "/v1/dashboard/billing/subscription"),
    ];

    private static string Mistype(string key) => key[..^1] + (key[^1] == 'a' ? 'b' : 'a');

    /// <summary>Status, header names and text, without the request's id, the shortened key and the account that was asked for.</summary>
    private static string Anonymous(Answer answer, string key, string path)
    {
        var text = RequestId().Replace(answer.Text, "").Replace($"{key[..2]}***{key[^2..]}", "KEY", StringComparison.Ordinal).Replace(path, "PATH", StringComparison.Ordinal);
        return $"{answer.Status} {string.Join(',', answer.Message.Headers.Select(header => header.Key).Order(StringComparer.Ordinal))} {text}";
    }

    [GeneratedRegex("req_[0-9a-f]+|[0-9a-f]{32}")]
    private static partial Regex RequestId();
}

public sealed class UnknownKeysOnPostgresTests : UnknownKeyTests
{
    public UnknownKeysOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
