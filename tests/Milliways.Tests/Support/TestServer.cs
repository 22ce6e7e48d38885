using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Hosting;
using Milliways.Storage;

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
    /// <summary>Where servers have their data that are started from here on: a test class that is another one's on PostgreSQL sets it in its constructor.</summary>
    public static readonly AsyncLocal<Backend> On = new();

    private readonly TempDirectory _directory;
    private readonly string? _database;
    private readonly Func<MilliwaysServer> _build;
    private readonly HttpClient _http;
    private MilliwaysServer _server;
    private bool _isOver;

    private TestServer(TempDirectory directory, string? database, MilliwaysServer server, Func<MilliwaysServer> build)
    {
        (_directory, _database, _server, _build) = (directory, database, server, build);
        Key = server.FirstKey ?? "";
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience.Limit };
    }

    public string Base => _server.Address.Http;

    /// <summary>The address of its gRPC port.</summary>
    public string Grpc => _server.Address.Grpc!;

    public int Port => new Uri(Base).Port;

    /// <summary>The first key; empty for a server on a database that had one.</summary>
    public string Key { get; private set; }

    public string Account => _server.Team.Account;

    public string Gateway => $"/v1/{Account}/default";

    public string Data => _directory.Path;

    public MilliwaysServer Server => _server;

    /// <summary>The server's database once more, as a command opens it beside the server.</summary>
    public LedgerDatabase OpenLedger() => LedgerDatabase.Open(DatabaseAddress.Parse(_database, _directory["data"]));

    public T Service<T>() where T : notnull => _server.Services.GetRequiredService<T>();

    public static async Task<TestServer> StartAsync(
        string? config = null, TimeProvider? clock = null, Dictionary<string, string>? environment = null, string? readyFile = null,
        Action<IServiceCollection>? more = null, string? database = null, bool governance = false)
    {
        if (database is null && On.Value == Backend.Postgres)
            database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        var directory = new TempDirectory();
        try
        {
            MilliwaysServer Build() => ServeHost.Build(Options(directory, config) with { ReadyFile = readyFile, Database = database, Governance = governance }, clock, name => environment?.GetValueOrDefault(name), more);
            var server = Build();
            await server.StartAsync();
            return new TestServer(directory, database, server, Build);
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
        _isOver = true; // a start that fails must be told, and not that there is nothing to stop
        _server = _build();
        _isOver = false;
        await _server.StartAsync();
    }

    /// <summary>From here on it is asked with this key.</summary>
    public void UseKey(string key) => Key = key;

    /// <summary>A key of another team.</summary>
    public string OtherTeamsKey() => Service<Milliways.Keys.KeyStore>().Create(Service<Milliways.Teams.TeamStore>().Create("other"), "other").Text;

    public static ServeOptions Options(TempDirectory directory, string? config = null) => new()
    {
        DataDirectory = directory["data"],
        ConfigFile = directory.Write("milliways.json", config ?? "{}"),
        Urls = "http://127.0.0.1:0",
        GrpcUrls = "http://127.0.0.1:0",
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
        var text = await message.Content.ReadAsStringAsync();
        // Off the sockets' thread, which has let us in here: a test may go on with a call that blocks, and PostgreSQL's answer comes through a socket.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return new Answer((int)message.StatusCode, text, message);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_isOver)
        {
            await _server.StopAsync().Soon();
            await _server.DisposeAsync();
        }
        _directory.Dispose();
    }
}
