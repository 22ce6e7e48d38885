using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support;

/// <summary>How a server is started.</summary>
internal sealed record Setup
{
    public const string AnyPort = "http://127.0.0.1:0";

    /// <summary>The text of milliways.json, put into the data directory.</summary>
    public string? Config { get; init; }

    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Where REST listens.</summary>
    public string Urls { get; init; } = AnyPort;

    /// <summary>More words for <c>serve</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Another build of the executable.</summary>
    public string Executable { get; init; } = Repository.Executable;

    /// <summary>An existing data directory, which is then not ours to delete.</summary>
    public string? Data { get; init; }

    /// <summary>Does without the engine's process.</summary>
    public bool NoEngine { get; init; }

    /// <summary>Limits and credits are on; null: on where nothing but the embedded models is served, which are free, and off where a test's own upstreams have no prices.</summary>
    public bool? Governed { get; init; }

    public bool IsGoverned => Governed ?? (Config is null && Environment.Count == 0);
}

/// <summary>A running <c>milliways serve</c> on a free port, with a data directory of its own.</summary>
internal sealed class MilliwaysProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;
    private readonly Task _exit;

    private MilliwaysProcess(Process process, TemporaryFolder folder, string data)
    {
        (_process, _folder, Data) = (process, folder, data);
        process.OutputDataReceived += (_, line) => Out.Add(line.Data);
        process.ErrorDataReceived += (_, line) => Log.Add(line.Data);
        process.Start();
        AppDomain.CurrentDomain.ProcessExit += KillLeftOver;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        _exit = process.WaitForExitAsync();
    }

    public Output Out { get; } = new();

    public Output Log { get; } = new();

    public string Data { get; }

    public int Id => _process.Id;

    public string ReadyFile => _folder.At("ready.json");

    /// <summary>What stands in the ready file.</summary>
    public JsonObject Ready { get; private set; } = [];

    /// <summary>Such as <c>http://127.0.0.1:40123</c>.</summary>
    public string Base => Ready["http"]!.GetValue<string>();

    public string Key { get; private set; } = "";

    public string Account => Ready["team"]!.GetValue<string>();

    /// <summary>The gateway's address for the provider <c>grok</c>.</summary>
    public string Gateway => $"{Base}/v1/{Account}/default/grok";

    public Api Api { get; private set; } = null!;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it and returns when it listens.</summary>
    public static async Task<MilliwaysProcess> StartAsync(Setup? setup = null)
    {
        setup ??= new Setup();
        var folder = new TemporaryFolder();
        var data = setup.Data ?? folder.At("data");
        if (setup.Config is not null)
        {
            Directory.CreateDirectory(data);
            await File.WriteAllTextAsync(Path.Combine(data, "milliways.json"), setup.Config);
        }
        string[] arguments =
        [
            "serve", "--data", data, "--urls", setup.Urls, "--grpc-urls", Setup.AnyPort, "--ready-file", folder.At("ready.json"),
            .. setup.NoEngine ? ["--no-engine"] : Array.Empty<string>(), .. setup.IsGoverned ? Array.Empty<string>() : ["--governance", "off"], .. setup.Arguments,
        ];
        using var written = new FileSignal(folder.Path, "ready.json");
        var process = new Process { StartInfo = Program.StartInfo(setup.Executable, arguments, setup.Environment, folder.Path) };
        var server = new MilliwaysProcess(process, folder, data);
        var first = await Task.WhenAny(written.Seen, server._exit, Task.Delay(Patience.Short));
        if (first != written.Seen)
        {
            var why = server._exit.IsCompleted ? $"ended with exit code {server.ExitCode}" : "did not get ready in time";
            await server.DisposeAsync();
            Assert.Fail($"The server {why}.\n{server.Out.Text}\n{server.Log.Text}");
        }
        server.Ready = JsonNode.Parse(await File.ReadAllTextAsync(folder.At("ready.json")))!.AsObject();
        server.Key = server.Ready["key"]?.GetValue<string>() ?? "";
        server.Api = new Api(server.Base, server.Key);
        return server;
    }

    /// <summary>Uses a key of an earlier start.</summary>
    public void UseKey(string key)
    {
        Key = key;
        Api = new Api(Base, key);
    }

    public Task EngineReadyAsync() => Log.LineAsync("The engine is ready").WaitAsync(Patience.Short);

    /// <summary>The engine's process; the test fails when there is none.</summary>
    public int EngineId()
    {
        var engine = Signals.EngineOf(Id);
        Assert.True(engine is not null, "The server has no engine process.");
        return engine.Value;
    }

    /// <summary>What the engine says of itself on its socket.</summary>
    public async Task<EngineLoad> LoadAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(Data, "run", "engine.sock")), cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });
        var json = JsonNode.Parse(await http.GetStringAsync("http://engine/healthz"))!;
        return new EngineLoad(json["running"]!.GetValue<int>(), json["queued"]!.GetValue<int>(), json["generated_tokens"]!.GetValue<long>());
    }

    public void Signal(int signal) => Signals.Send(Id, signal);

    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        await _exit.WaitAsync(within ?? Patience.Short);
        return ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(); // its engine ends with it, which a test of its own checks
            await _exit.WaitAsync(Patience.Short);
        }
        AppDomain.CurrentDomain.ProcessExit -= KillLeftOver;
        _process.Dispose();
        Api?.Dispose();
        _folder.Dispose();
    }

    /// <summary>A test run that is broken off leaves no server behind.</summary>
    private void KillLeftOver(object? sender, EventArgs ending)
    {
        if (!_process.HasExited)
            _process.Kill();
    }
}

internal sealed record EngineLoad(int Running, int Queued, long GeneratedTokens);

/// <summary>Completes when a file stands in a folder.</summary>
internal sealed class FileSignal : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FileSignal(string folder, string name)
    {
        _watcher = new FileSystemWatcher(folder, name);
        _watcher.Created += (_, _) => _seen.TrySetResult();
        _watcher.Renamed += (_, _) => _seen.TrySetResult();
        _watcher.EnableRaisingEvents = true;
        if (File.Exists(Path.Combine(folder, name)))
            _seen.TrySetResult();
    }

    public Task Seen => _seen.Task;

    public void Dispose() => _watcher.Dispose();
}
