using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Hosting;

namespace Milliways.Tests.Support;

/// <summary>A whole answer as a test looks at it.</summary>
internal sealed record Answer(int Status, string Text, HttpResponseMessage Message)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Header(string name) =>
        Message.Headers.TryGetValues(name, out var values) || Message.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}

/// <summary>The real server in this process: real Kestrel on a free port, a data directory of its own that is gone afterwards.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly Func<MilliwaysServer> _build;
    private readonly HttpClient _http;
    private MilliwaysServer _server;

    private TestServer(TempDirectory directory, MilliwaysServer server, Func<MilliwaysServer> build)
    {
        (_directory, _server, _build) = (directory, server, build);
        Key = server.FirstKey!;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience.Limit };
    }

    public string Base => _server.Address.Http;

    public int Port => new Uri(Base).Port;

    /// <summary>The first key.</summary>
    public string Key { get; }

    public string Account => _server.Team.Account;

    public string Gateway => $"/v1/{Account}/default";

    public string Data => _directory.Path;

    public MilliwaysServer Server => _server;

    public T Service<T>() where T : notnull => _server.Services.GetRequiredService<T>();

    public static async Task<TestServer> StartAsync(
        string? config = null, TimeProvider? clock = null, Dictionary<string, string>? environment = null, string? readyFile = null,
        Action<IServiceCollection>? more = null, bool governance = false)
    {
        var directory = new TempDirectory();
        try
        {
            MilliwaysServer Build() => ServeHost.Build(Options(directory, config) with { ReadyFile = readyFile, Governance = governance }, clock, name => environment?.GetValueOrDefault(name), more);
            var server = Build();
            await server.StartAsync();
            return new TestServer(directory, server, Build);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Stops the server as Ctrl-C does and starts another one on the same data directory, at another address.</summary>
    public async Task RestartAsync()
    {
        await _server.StopAsync().Soon();
        await _server.DisposeAsync();
        _server = _build();
        await _server.StartAsync();
    }

    /// <summary>A key of another team.</summary>
    public string OtherTeamsKey() => Service<Milliways.Keys.KeyStore>().Create(Service<Milliways.Teams.TeamStore>().Create("other"), "other").Text;

    public static ServeOptions Options(TempDirectory directory, string? config = null) => new()
    {
        DataDirectory = directory["data"],
        ConfigFile = directory.Write("milliways.json", config ?? "{}"),
        Urls = "http://127.0.0.1:0",
        NoEngine = true,
        Quiet = true,
    };

    /// <summary>One Chat upstream <c>lab</c> that serves <c>alpha</c>, keyed with a secret that callers must never see.</summary>
    public static Task<TestServer> WithLabAsync(FakeUpstream lab, TimeProvider? clock = null, string more = "") =>
        StartAsync($$"""{ "upstreams": { "lab": {{Lab(lab, more)}} } }""", clock);

    /// <summary>What makes an upstream give its first answer and no other, so that a test of one answer need not think of retries.</summary>
    public const string OneTry = """ "retries": 0, "breaker": null """;

    public static string Lab(FakeUpstream lab, string more = "") =>
        $$"""{ "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "{{UpstreamKey}}", "models": ["alpha"], {{OneTry}} {{more}} }""";

    /// <summary>One Anthropic upstream <c>claude</c> that serves <c>claude-x</c>.</summary>
    public static Task<TestServer> WithClaudeAsync(FakeUpstream claude, TimeProvider? clock = null) =>
        StartAsync($$"""{ "upstreams": { "claude": {{Claude(claude)}} } }""", clock);

    public static string Claude(FakeUpstream claude) =>
        $$"""{ "preset": "anthropic", "baseUrl": "{{claude.Url}}", "apiKey": "{{UpstreamKey}}", {{OneTry}} }""";

    public const string UpstreamKey = "sk-upstream-secret-0123456789";

    public Task<Answer> PostAsync(string path, string json, params (string Name, string Value)[] headers) =>
        SendAsync("POST", path, new StringContent(json, Encoding.UTF8, "application/json"), headers);

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync("GET", path, null, headers);

    /// <summary>Sends with the first key unless a credential is among the headers; an empty Authorization sends none.</summary>
    public async Task<Answer> SendAsync(string method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Base + path) { Content = content };
        if (!headers.Any(header => header.Name is "Authorization" or "x-api-key"))
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Key);
        foreach (var (name, value) in headers)
            if (value.Length > 0)
                request.Headers.TryAddWithoutValidation(name, value);
        var message = await _http.SendAsync(request);
        return new Answer((int)message.StatusCode, await message.Content.ReadAsStringAsync(), message);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.StopAsync().Soon();
        await _server.DisposeAsync();
        _directory.Dispose();
    }
}
