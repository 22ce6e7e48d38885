using Microsoft.Extensions.DependencyInjection;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Limits;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits;

/// <summary>Servers with one Chat upstream <c>lab</c> that serves <c>alpha</c> and <c>beta</c>, and with limits.</summary>
internal static class Limited
{
    public const string Chat = "/v1/chat/completions";

    /// <param name="limits">The members of the section <c>limits</c>.</param>
    /// <param name="models">The members of <c>models</c>.</param>
    public static Task<TestServer> StartAsync(FakeUpstream lab, string limits = "", string models = "", TimeProvider? clock = null, Action<IServiceCollection>? more = null) =>
        ServeAsync(Config(lab, limits, models), clock, more);

    /// <summary>Limits alone: what an answer costs is no matter here.</summary>
    public static Task<TestServer> ServeAsync(
        string config, TimeProvider? clock = null, Action<IServiceCollection>? more = null, Dictionary<string, string>? environment = null, string? database = null) =>
        TestServer.StartAsync(config, clock, environment, database: database, more: services =>
        {
            services.AddLimits();
            more?.Invoke(services);
        });

    public static string Config(FakeUpstream lab, string limits = "", string models = "") => $$"""
        { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}", "models": ["alpha", "beta"], {{TestServer.OneTry}} } },
          "models": { {{models}} }, "limits": { {{limits}} } }
        """;

    public static Task<Answer> AskAsync(this TestServer server, string model = "alpha", string more = "", string? key = null) =>
        key is null ? server.PostAsync(Chat, Answers.Ask(model, more: more)) : server.PostAsync(Chat, Answers.Ask(model, more: more), ("Authorization", "Bearer " + key));

    /// <summary>How many of so many requests, one after the other, are answered.</summary>
    public static async Task<int> AdmittedAsync(this TestServer server, int of, string model = "alpha", string? key = null)
    {
        var admitted = 0;
        for (var i = 0; i < of; i++)
        {
            var answer = await server.AskAsync(model, key: key);
            Assert.True(answer.Status is 200 or 429, answer.Text);
            admitted += answer.Status == 200 ? 1 : 0;
        }
        return admitted;
    }

    /// <summary>Dresses the calling key as the store of keys would give it out.</summary>
    public static Action<IServiceCollection> With(Func<ApiKey, ApiKey> change) => services => services.AddSingleton<IGate>(new Dresser(change));

    public static Func<ApiKey, ApiKey> Own(LimitSet? key = null, LimitSet? team = null) =>
        known => known with { Limits = key ?? known.Limits, Team = known.Team with { Limits = team ?? known.Team.Limits } };

    private sealed class Dresser(Func<ApiKey, ApiKey> change) : IGate
    {
        public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
        {
            exchange.Key = change(exchange.Key!);
            return ValueTask.FromResult(Admission.Free);
        }
    }
}
