using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Milliways.Crash;

/// <summary>One start of the executable on a data directory that outlives it.</summary>
internal sealed class CrashServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;
    private readonly HttpClient _door;
    private readonly Task<string> _log;

    private CrashServer(string executable, string folder)
    {
        _folder = folder;
        File.Delete(Ready);
        var start = new ProcessStartInfo(executable,
        [
            "serve", "--data", Path.Combine(folder, "data"), "--config", Path.Combine(folder, "milliways.json"), "--urls", "http://127.0.0.1:0", "--grpc-urls", "none",
            "--ready-file", Ready, "--no-engine", "--quiet",
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MILLIWAYS_", StringComparison.Ordinal) || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_TieredPGO"] = "0"; // it lives too short to profit
        _process = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += KillLeftOver;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _log = _process.StandardError.ReadToEndAsync();
        _door = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(folder, "data", "run", "admin.sock")), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private string Ready => Path.Combine(_folder, "ready.json");

    public JsonNode Facts { get; private set; } = new JsonObject();

    public string Base => Facts["http"]!.GetValue<string>();

    public static CrashServer Start(string executable, string folder) => new(executable, folder);

    /// <summary>Completes when it listens.</summary>
    /// <exception cref="CrashException">It ended, or does not come up.</exception>
    public async Task ReadyAsync()
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var began = Stopwatch.GetTimestamp(); !File.Exists(Ready); await pace.WaitForNextTickAsync())
        {
            if (_process.HasExited)
                throw new CrashException($"The server ended with exit code {_process.ExitCode} instead of starting: {await _log}");
            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new CrashException("The server does not get ready.");
        }
        Facts = JsonNode.Parse(await File.ReadAllTextAsync(Ready))!;
    }

    /// <summary>Asks the admin socket, as commands do.</summary>
    public async Task<JsonNode> AskAsync(string command, JsonObject request)
    {
        using var answer = await _door.PostAsJsonAsync("http://admin/" + command.Replace(' ', '/'), request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new CrashException($"{command} was refused: {text}");
    }

    /// <summary>SIGSTOP; completes when the process stands still.</summary>
    public async Task StopAsync()
    {
        Signal(19);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (File.ReadAllText($"/proc/{_process.Id}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] != 'T')
            await pace.WaitForNextTickAsync();
    }

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(18);

    /// <summary>SIGKILL; completes when the process is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        KillLeftOver(null, EventArgs.Empty);
        AppDomain.CurrentDomain.ProcessExit -= KillLeftOver;
        _door.Dispose();
        _process.Dispose();
    }

    private void KillLeftOver(object? sender, EventArgs ending)
    {
        if (!_process.HasExited)
            _process.Kill();
    }

    private void Signal(int signal)
    {
        if (kill(_process.Id, signal) != 0)
            throw new CrashException($"Signal {signal} could not be sent.");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}

/// <summary>What was promised did not hold.</summary>
internal sealed class CrashException(string message) : Exception(message);
