using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Hosting;

/// <summary>A changed file is taken without a restart within 5 s; a broken one changes nothing and is told.</summary>
public sealed class ConfigReloadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static string One(FakeUpstream upstream, string name, string model = "alpha", string more = "") =>
        $$"""{ "upstreams": { "{{name}}": { "dialect": "openai-chat", "baseUrl": "{{upstream.Url}}/v1", "models": ["{{model}}"] {{more}} } } }""";

    private static string File(TestServer server) => System.IO.Path.Combine(server.Data, "milliways.json");

    /// <summary>Writes the file as editors do and lets the clock go on until it is in effect, or refused.</summary>
    private static async Task<TimeSpan> ChangeAsync(TestServer server, ManualTime clock, string text)
    {
        var state = server.Service<ConfigState>();
        var (changes, problems) = (state.Changes, state.Problems);
        await System.IO.File.WriteAllTextAsync(File(server) + ".new", text);
        System.IO.File.Move(File(server) + ".new", File(server), overwrite: true);
        return await clock.RunUntilAsync(Task.Run(async () =>
        {
            while (state.Changes == changes && ReferenceEquals(state.Problems, problems))
                await Task.Yield();
        }), TimeSpan.FromMilliseconds(250));
    }

    [Fact]
    public async Task A_changed_file_is_in_effect_within_five_seconds_for_requests_and_lists()
    {
        var clock = new ManualTime();
        await using var first = new FakeUpstream();
        await using var second = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(first, "a"), clock);
        Assert.Equal("a/alpha", (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Header("x-milliways-upstream"));

        var took = await ChangeAsync(server, clock, One(second, "b", "beta"));

        Assert.InRange(took, TimeSpan.Zero, Limit);
        Assert.Equal("b/beta", (await server.PostAsync("/v1/chat/completions", Answers.Ask("beta"))).Header("x-milliways-upstream"));
        Assert.Equal(404, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(["beta"], (await server.GetAsync("/v1/models")).Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_broken_change_keeps_the_last_good_one_and_readyz_says_where_it_is_broken_until_it_is_mended()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(lab, "a"), clock);

        foreach (var broken in new[] { "{ \"upstreams\": {\n \"a\": { \"dialect\": \"s3cret\" } } }", "{ not json" })
        {
            Assert.InRange(await ChangeAsync(server, clock, broken), TimeSpan.Zero, Limit);
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
            var ready = await server.GetAsync("/readyz");
            Assert.Equal((200, "broken"), (ready.Status, ready.Json.GetProperty("configuration").GetProperty("status").GetString()));
            Assert.Matches("line [12]", ready.Json.GetProperty("configuration").GetProperty("detail").GetString());
            Assert.DoesNotContain("s3cret", ready.Text, StringComparison.Ordinal);
        }

        await ChangeAsync(server, clock, One(lab, "mended"));
        Assert.Equal("ok", (await server.GetAsync("/readyz")).Json.GetProperty("configuration").GetProperty("status").GetString());
        Assert.Equal("mended/alpha", (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Header("x-milliways-upstream"));
    }

    [Fact]
    public async Task The_log_tells_a_broken_change_once_and_asks_for_no_start()
    {
        var (clock, log) = (new ManualTime(), new ListLog<Milliways.Hosting.ConfigReload>());
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(lab, "a"), clock, more: services => services.AddSingleton<ILogger<Milliways.Hosting.ConfigReload>>(log));

        await ChangeAsync(server, clock, "{ not json");
        await ChangeAsync(server, clock, "{ not json");
        await ChangeAsync(server, clock, One(lab, "mended"));
        await ChangeAsync(server, clock, "{ not json");

        var told = log.Lines.Where(line => line.Contains("not taken", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, told.Count);
        Assert.All(told, line =>
        {
            Assert.EndsWith("milliways.json:1: is not JSON at column 3: property names need double quotes.", line, StringComparison.Ordinal);
            Assert.DoesNotContain("start again", line, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_file_that_is_gone_changes_nothing()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(lab, "a"), clock);
        var state = server.Service<ConfigState>();
        System.IO.File.Delete(File(server));

        await clock.RunUntilAsync(Task.Run(async () =>
        {
            while (state.Problems.Count == 0)
                await Task.Yield();
        }));

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Contains("gone", (await server.GetAsync("/readyz")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_runs_keeps_its_upstream_and_its_connections_are_closed_when_it_has_ended()
    {
        var clock = new ManualTime();
        var go = new Gate();
        await using var old = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
            await turn.ClosedAsync();
        });
        await using var next = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(old, "old", more: ", \"maxConnections\": 7"), clock);
        var client = server.Service<Milliways.Routing.LiveRouting>().Table.Upstreams.Find("old")!.Client;
        await using var raw = await RawClient.ConnectAsync(server);
        await raw.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await raw.HeadAsync();
        Assert.Equal(Answers.Role, await raw.EventAsync());
        var turn = await old.ArrivalAsync();

        await ChangeAsync(server, clock, One(next, "next"));
        Assert.Equal("next/alpha", (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Header("x-milliways-upstream"));
        go.Open();

        Assert.Equal(Answers.Chunk("Hi") + Answers.Finish + Answers.Done, await raw.RestTextAsync());
        Assert.Equal(WireEnd.Proper, raw.End);
        await turn.ClosedAsync(); // its pool is gone, and so is the connection that had become idle in it
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync(new HttpRequestMessage(HttpMethod.Get, old.Url), CancellationToken.None));
    }

    [Fact]
    public async Task Upstreams_that_stay_keep_their_connections()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(lab, "a"), clock);
        await server.PostAsync("/v1/chat/completions", Answers.Ask());
        await ChangeAsync(server, clock, One(lab, "renamed", "beta"));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("beta"))).Status);
        Assert.Equal(1, lab.Connections);
    }

    [Fact]
    public async Task A_secret_that_changes_in_its_own_file_is_taken_too()
    {
        var clock = new ManualTime();
        using var directory = new TempDirectory();
        var secret = directory.Write("key", "sk-1");
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(One(lab, "a", more: $$""", "apiKey": "file:{{secret}}" """), clock);
        await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal("Bearer sk-1", lab.Last.Header("Authorization"));

        var state = server.Service<ConfigState>();
        directory.Write("key", "sk-22");
        await clock.RunUntilAsync(Task.Run(async () =>
        {
            while (state.Changes == 0)
                await Task.Yield();
        }), TimeSpan.FromMilliseconds(250));

        await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal("Bearer sk-22", lab.Last.Header("Authorization"));
    }

    [Fact]
    public void A_client_is_forgotten_only_when_no_upstream_has_it()
    {
        using var clients = new UpstreamClients(TimeProvider.System, _ => null);
        var (kept, gone) = (clients.For(new UpstreamConfig("a"), hosted: false, Limit), clients.For(new UpstreamConfig("b") { MaxConnections = 3 }, hosted: false, Limit));
        Assert.Equal([gone], clients.Retire([kept]));
        Assert.Same(kept, clients.For(new UpstreamConfig("c"), hosted: false, Limit));
        Assert.NotSame(gone, clients.For(new UpstreamConfig("b") { MaxConnections = 3 }, hosted: false, Limit));
        gone.Dispose();
    }
}
