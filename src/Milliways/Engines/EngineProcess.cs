using System.Diagnostics;

namespace Milliways.Engines;

/// <summary>
/// One run of the engine's process: the same executable with <c>engine</c> as its first argument. It ends when its standard input does, so it cannot
/// outlive us, whatever way we go.
/// </summary>
internal sealed class EngineProcess : IDisposable
{
    private const int RememberedLines = 12;
    private const string HeapLimit = "0x10000000"; // 256 MiB of managed heap; the model is not on it

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _lastLines = new();

    private EngineProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Why the chat model did not load, once <see cref="Ready"/> or the end of the process has come; null when it did.</summary>
    public string? ChatTrouble { get; private set; }

    /// <summary>The same of the embedding model.</summary>
    public string? EmbeddingTrouble { get; private set; }

    /// <summary>Completes when what can be loaded is loaded and the socket listens.</summary>
    public Task Ready => _ready.Task;

    /// <summary>What the process said last, for the operator.</summary>
    public string LastWords
    {
        get
        {
            lock (_lastLines)
                return string.Join(" | ", _lastLines);
        }
    }

    public int ExitCode => _process.ExitCode;

    /// <summary>How it ended, in words: a signal by its name, else the exit code.</summary>
    public string Ending => ProcessEnding.Describe(ExitCode);

    public static EngineProcess Start(IEnumerable<string> arguments, ILogger log)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this executable is not known.");
        start.FileName = self;
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "milliways.dll"));
        start.ArgumentList.Add("engine");
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_TieredPGO"] = "0";
        // Must be there before the process starts: setting it from managed code does not reach native getenv.
        start.Environment["GGML_NO_BACKTRACE"] = "1";

        var process = new Process { StartInfo = start };
        var engine = new EngineProcess(process);
        process.OutputDataReceived += (_, line) => engine.OnOutput(line.Data);
        process.ErrorDataReceived += (_, line) => engine.OnError(line.Data, log);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return engine;
    }

    public Task WaitForExitAsync(CancellationToken cancel) => _process.WaitForExitAsync(cancel);

    /// <summary>Asks it to end by closing its input.</summary>
    public void EndInput() => _process.StandardInput.Close();

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    public void Dispose() => _process.Dispose();

    private void OnOutput(string? line)
    {
        if (line is "ready")
            _ready.TrySetResult();
        else if (line?.StartsWith(EngineReport.Chat, StringComparison.Ordinal) == true)
            ChatTrouble = line[EngineReport.Chat.Length..];
        else if (line?.StartsWith(EngineReport.Embedding, StringComparison.Ordinal) == true)
            EmbeddingTrouble = line[EngineReport.Embedding.Length..];
    }

    private void OnError(string? line, ILogger log)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        lock (_lastLines)
        {
            if (_lastLines.Count == RememberedLines)
                _lastLines.Dequeue();
            _lastLines.Enqueue(line.Trim());
        }
        log.LogDebug("engine: {Line}", line);
    }
}
