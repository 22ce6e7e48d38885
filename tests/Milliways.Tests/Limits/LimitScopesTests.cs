using Milliways.Keys;
using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>Who is counted with whom, from the front door.</summary>
public sealed class LimitScopesTests
{
    [Fact]
    public async Task Of_twenty_at_once_exactly_as_many_as_the_limit_reach_the_upstream()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perKey": { "requestsPerMinute": 3 } """);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.AskAsync()));
        Assert.Equal((3, 17), (answers.Count(answer => answer.Status == 200), answers.Count(answer => answer.Status == 429)));
        Assert.Equal(3, lab.Received.Count);
    }

    [Fact]
    public async Task A_key_has_its_own_window_and_the_keys_of_a_team_share_the_teams()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 4 }, "perKey": { "requestsPerMinute": 3 } """);
        var second = server.Service<KeyStore>().Create(server.Server.Team, "second").Text;
        Assert.Equal(3, await server.AdmittedAsync(of: 9));
        Assert.Equal(1, await server.AdmittedAsync(of: 9, key: second)); // what the key refused had not counted for the team
        Assert.Equal(3, await server.AdmittedAsync(of: 9, key: server.OtherTeamsKey()));
    }

    [Fact]
    public async Task A_keys_and_a_teams_own_limits_replace_what_they_name_and_nothing_else()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerHour": 4 }, "perKey": { "requestsPerMinute": 1, "requestsPerSecond": 2 } """, clock: clock,
            more: Limited.With(Limited.Own(new LimitSet { RequestsPerMinute = 3 }, new LimitSet { RequestsPerHour = 5 })));
        Assert.Equal(2, await server.AdmittedAsync(of: 5)); // two a second as configured
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await server.AdmittedAsync(of: 5)); // three a minute of its own
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, await server.AdmittedAsync(of: 5)); // five an hour of the team's own
    }

    [Fact]
    public async Task A_models_limit_is_the_teams_for_this_model_whatever_the_key_and_the_alias()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, models: """
            "alpha": { "limits": { "requestsPerMinute": 2 } }, "fast": { "alias": "alpha", "limits": { "requestsPerMinute": 1 } }, "faster": { "alias": "fast" }
            """);
        var second = server.Service<KeyStore>().Create(server.Server.Team, "second").Text;
        Assert.Equal(1, await server.AdmittedAsync(of: 3, "fast")); // its own limit, and one of alpha's two
        Assert.Equal(0, await server.AdmittedAsync(of: 3, "faster"));
        Assert.Equal(1, await server.AdmittedAsync(of: 3, key: second));
        Assert.Equal(0, await server.AdmittedAsync(of: 3));
        Assert.Equal(3, await server.AdmittedAsync(of: 3, "beta"));
        Assert.Equal(2, await server.AdmittedAsync(of: 3, key: server.OtherTeamsKey()));
    }

    [Theory]
    [InlineData("grok-beta", 0)]
    [InlineData("grok-vision-beta", 1)]
    public async Task The_catalogues_limits_hold_by_default_however_the_model_is_called(string model, int minutesBetween)
    {
        var clock = new ManualTime();
        await using var fake = new FakeUpstream();
        await using var server = await Limited.ServeAsync($$"""
            { "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k" } }, "models": { "fast": { "alias": "{{model}}" }, "mine": { "attempts": [ { "upstream": "xai", "model": "{{model}}" } ] } } }
            """, clock);
        foreach (var name in new[] { model, "xai/" + model, "fast", "mine" })
        {
            Assert.Equal(1, await server.AdmittedAsync(of: 2, name));
            clock.Advance(TimeSpan.FromMilliseconds(999));
            Assert.Equal(0, await server.AdmittedAsync(of: 1, name));
            clock.Advance(TimeSpan.FromMilliseconds(1));
            clock.Advance(TimeSpan.FromMinutes(minutesBetween));
        }
    }

    [Fact]
    public async Task What_an_entry_names_replaces_the_catalogues_and_null_switches_off()
    {
        await using var fake = new FakeUpstream();
        await using var some = await StartAsync(""" "limits": { "requestsPerSecond": null, "requestsPerMinute": 2 } """);
        Assert.Equal(2, await some.AdmittedAsync(of: 5, "grok-beta"));
        await using var none = await StartAsync(""" "limits": null """);
        Assert.Equal(5, await none.AdmittedAsync(of: 5, "grok-beta"));
        await using var same = await StartAsync(""" "context": 1000 """);
        Assert.Equal(1, await same.AdmittedAsync(of: 3, "grok-beta"));

        Task<TestServer> StartAsync(string entry) => Limited.ServeAsync($$"""
            { "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k" } }, "models": { "grok-beta": { {{entry}} } } }
            """, new ManualTime());
    }

    [Fact]
    public async Task A_gateways_limit_counts_what_comes_through_it()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perGateway": { "requestsPerMinute": 2 } """);
        Assert.Equal(3, await server.AdmittedAsync(of: 3));
        var statuses = new List<int>();
        for (var i = 0; i < 3; i++)
            statuses.Add((await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("lab/alpha"))).Status);
        Assert.Equal([200, 200, 429], statuses);
        Assert.Equal(2, await CountAsync(server, server.OtherTeamsKey()));

        static async Task<int> CountAsync(TestServer server, string key)
        {
            var account = (await server.GetAsync("/v1/api-key", ("Authorization", "Bearer " + key))).Json.GetProperty("team_id").GetString()!.Replace("-", "", StringComparison.Ordinal);
            var served = 0;
            for (var i = 0; i < 3; i++)
                served += (await server.PostAsync($"/v1/{account}/default/compat/chat/completions", Answers.Ask("lab/alpha"), ("Authorization", "Bearer " + key))).Status == 200 ? 1 : 0;
            return served;
        }
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public async Task A_governed_server_has_limits_and_one_that_is_not_has_none(bool governance, int admitted)
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k", "prices": { "*": { "input": "0" } } } }, "limits": { "perTeam": { "requestsPerHour": 2 } } }
            """, new ManualTime(), governance: governance);
        Assert.Equal(admitted, await server.AdmittedAsync(of: 3, "grok-beta"));
    }

    [Fact]
    public async Task Inference_counts_and_lists_and_token_counts_do_not()
    {
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 1 } """);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
            Assert.Equal(200, (await server.GetAsync("/v1/api-key")).Status);
            Assert.Equal(200, (await server.PostAsync("/v1/messages/count_tokens", Answers.Say("alpha"))).Status);
            Assert.Equal(404, (await server.AskAsync("nobody")).Status);
        }
        Assert.Equal(1, await server.AdmittedAsync(of: 1));
        foreach (var (path, body) in new[]
        {
            (Limited.Chat, Answers.Ask()), ("/v1/messages", Answers.Say("alpha")), ("/v1/responses", """{"model":"alpha","input":"x"}"""), ("/v1/completions", """{"model":"alpha","prompt":"x"}"""),
            ("/v1/complete", """{"model":"alpha","prompt":"\n\nHuman: Hi\n\nAssistant:","max_tokens_to_sample":5}"""), ("/v1/embeddings", """{"model":"alpha","input":"x"}"""),
            ("/v1/images/generations", """{"model":"alpha","prompt":"x"}"""), (Limited.Chat, Answers.Ask(more: ""","deferred":true""")), ("/v1/responses", """{"model":"alpha","input":"x","background":true}"""),
        })
            Assert.Equal((429, path), ((await server.PostAsync(path, body)).Status, path));
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task What_nobody_uses_any_more_is_forgotten()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.StartAsync(lab, """ "perTeam": { "requestsPerMinute": 1 } """, clock: clock);
        var book = server.Service<LimitBook>();
        Assert.Equal(1, await server.AdmittedAsync(of: 1));
        Assert.Equal(1, book.Teams);
        await clock.RunUntilAsync(Task.Run(async () =>
        {
            while (book.Teams > 0)
                await Task.Yield();
        }));
        Assert.Equal(1, await server.AdmittedAsync(of: 2));
    }
}
