using System.Text.Json.Nodes;
using Milliways.EndToEnd.Crossed;
using Milliways.EndToEnd.Support;
using Milliways.EndToEnd.Support.Scripted;

[assembly: AssemblyFixture(typeof(CrossedBench))]

namespace Milliways.EndToEnd.Crossed;

/// <summary>One server, without the engine, in front of one scripted upstream of every dialect; started by the first test that needs it.</summary>
public sealed class CrossedBench : IAsyncLifetime
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<string, Task<IReadOnlyDictionary<string, JsonObject>>> _results = [];
    private ScriptedUpstream? _upstream;
    private MilliwaysProcess? _server;

    public ValueTask InitializeAsync() => default;

    /// <summary>What a client made of all its calls: they are made together, and the first test of the client waits for them.</summary>
    internal async Task<IReadOnlyDictionary<string, JsonObject>> ResultsAsync(Client client)
    {
        var (server, upstream) = await ReadyAsync();
        await _one.WaitAsync();
        try
        {
            if (!_results.TryGetValue(client.Name, out var results))
                _results[client.Name] = results = client.RunAsync(new Job(server.Base, server.Key, upstream.PictureAddress, [.. Table.Calls(client)]));
            var made = await results;
            Assert.False(server.HasExited, $"The server ended.\n{server.Log.Text}");
            return made;
        }
        finally
        {
            _one.Release();
        }
    }

    internal async Task<(MilliwaysProcess Server, ScriptedUpstream Upstream)> ReadyAsync()
    {
        await _one.WaitAsync();
        try
        {
            _upstream ??= await ScriptedUpstream.StartAsync();
            _server ??= await MilliwaysProcess.StartAsync(new Setup { NoEngine = true, Config = Config(_upstream) });
            return (_server, _upstream);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        if (_upstream is not null)
            await _upstream.DisposeAsync();
        _one.Dispose();
    }

    /// <summary>A model <c>script@dialect</c> for every script and dialect, and the names that the recorded requests use.</summary>
    private static string Config(ScriptedUpstream upstream)
    {
        var models = from script in ScriptedUpstream.Models from dialect in ScriptedUpstream.Dialects select Entry($"{script}@{dialect}", dialect, script);
        string[] recorded =
        [
            .. ScriptedUpstream.Dialects.SelectMany(dialect => new[] { Entry($"grok-beta@{dialect}", dialect, "good"), Entry($"grok-vision-beta@{dialect}", dialect, "good") }),
            Entry("grok-beta", "openai-chat", "good"), Entry("grok-vision-beta", "openai-chat", "good"),
            """    "embedding-beta": { "attempts": [ { "upstream": "openai-chat", "model": "good" } ] }""",
        ];
        return $$"""
            {
              "upstreams": {
            {{upstream.Upstreams}},
                "grok": { "dialect": "openai-chat", "provider": "grok", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "sk-scripted", "models": ["grok-beta"], "retries": 0, "breaker": null }
              },
              "models": {
            {{string.Join(",\n", models.Concat(recorded))}}
              },
              "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] }
            }
            """;
    }

    private static string Entry(string name, string dialect, string script) =>
        $$"""    "{{name}}": { "attempts": [ { "upstream": "{{dialect}}", "model": "{{script}}" } ], "retries": 0, "inputs": ["text", "image"] }""";
}
