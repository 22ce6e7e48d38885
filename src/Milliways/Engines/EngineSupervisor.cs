using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;
using Milliways.Upstreams;

namespace Milliways.Engines;

/// <summary>
/// Starts the engine's process in the background, watches it, and starts it again with a growing pause when it dies or hangs. It stands before the
/// upstream <c>engine</c>: requests wait for readiness here, and those that were inside at two crashes are kept away.
/// </summary>
internal sealed class EngineSupervisor : BackgroundService, IUpstreamGuard
{
    /// <summary>How often the process is asked whether its decode loop beats.</summary>
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long a probe may take; with the interval and the misses below, a hung process is replaced within 10 s (contract).</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    private const int ProbesMissed = 2;

    /// <summary>A run that lasted this long starts the pauses anew.</summary>
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly EngineConfig _config;
    private readonly EmbeddedModels _models;
    private readonly EngineSocket _socket;
    private readonly Quarantine _quarantine;
    private readonly TimeProvider _time;
    private readonly ILogger<EngineSupervisor> _log;
    private readonly HttpMessageInvoker _probe;
    private volatile Life _life = new();
    private volatile string? _off;
    private volatile EngineState _state = EngineState.Starting;
    private volatile EngineProcess? _process;

    public EngineSupervisor(EngineConfig config, EmbeddedModels models, EngineSocket socket, TimeProvider time, ILogger<EngineSupervisor> log)
    {
        (_config, _models, _socket, _time, _log) = (config, models, socket, time, log);
        _quarantine = new Quarantine(time);
        _probe = UpstreamClients.ForSocket(socket.Path);
        if (!config.Enabled)
            SwitchOff("the embedded engine is switched off (engine.enabled, --no-engine)");
    }

    /// <summary>The state of the process and of each model, for callers: without the machine's directories.</summary>
    public EngineReadiness Describe() => new(_state, _off, [.. _models.All.Select(model => new ModelReadiness(model.Name, StateOf(model), model.TroubleForCallers))]);

    private EngineState StateOf(EmbeddedModel model) => model.Trouble is not null ? EngineState.Off : _state;

    public async ValueTask<Reading<IUpstreamStay>> EnterAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        var fingerprint = Quarantine.Fingerprint(body.Span);
        if (_quarantine.Holds(fingerprint))
            return new Failure(FailureKind.InvalidRequest, FailureParty.Gateway, "quarantine", string.Create(CultureInfo.InvariantCulture,
                $"This request was running twice when the engine died, so it is not run again for {Quarantine.Length.TotalMinutes:0} minutes."));
        var life = _life;
        if (await life.Ready.Task.WaitAsync(cancel) is { } failure)
            return failure;
        return new Stay(_quarantine, life, fingerprint, _quarantine.Enter(fingerprint));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // listening must not wait for the engine
        var crashes = 0;
        while (_off is null && !stoppingToken.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            if (!await RunOnceAsync(stoppingToken))
                return;
            crashes = _time.GetElapsedTime(started) > Stable ? 1 : crashes + 1;
            var pause = TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, 100 * Math.Pow(2, crashes - 1)));
            _log.LogWarning("The engine ended unexpectedly ({Ending}); it starts again in {Pause} ms{Words}", _ending, pause.TotalMilliseconds,
                _lastWords.Length > 0 ? $". Its last words: {_lastWords}" : "");
            await Task.Delay(pause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string _ending = "";
    private string _lastWords = "";

    public override void Dispose()
    {
        _probe.Dispose();
        base.Dispose();
    }

    /// <summary>One life of the process; false when there shall be no other.</summary>
    private async Task<bool> RunOnceAsync(CancellationToken stopping)
    {
        if (_models.All.All(model => model.File is null))
        {
            SwitchOffWithoutModels();
            return false;
        }
        _socket.Clear();
        EngineProcess process;
        try
        {
            process = EngineProcess.Start(Arguments(), _log);
        }
        catch (System.ComponentModel.Win32Exception unstartable)
        {
            SwitchOff($"the engine's process cannot be started ({unstartable.Message})");
            return false;
        }
        using (process)
        {
            _process = process;
            var exit = process.WaitForExitAsync(CancellationToken.None);
            var loading = Task.Delay(LoadingTimeout(), _time, stopping);
            if (await Task.WhenAny(process.Ready, exit, loading) is var first && first == loading && !stopping.IsCancellationRequested)
                _log.LogWarning("The engine (process {Process}) did not load its models in time and is replaced", process.Id);
            if (first == process.Ready)
            {
                HearTroubles(process);
                foreach (var model in _models.All.Where(model => model.Trouble is not null))
                    _log.LogWarning("The model {Model} is not available: {Reason}: correct {Setting} in milliways.json and start again", model.Name, model.Trouble, Setting(model));
                _state = EngineState.Ready;
                _log.LogInformation("The engine is ready with {Models}", string.Join(" and ", _models.All.Where(model => model.Trouble is null).Select(model => model.Name)));
                _life.Ready.TrySetResult(null);
                await WatchAsync(process, exit, stopping);
            }
            return await EndAsync(process, exit, stopping);
        }
    }

    private async Task<bool> EndAsync(EngineProcess process, Task exit, CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested)
        {
            process.EndInput();
            await Task.WhenAny(exit, Task.Delay(TimeSpan.FromSeconds(1), _time, CancellationToken.None));
        }
        process.Kill();
        await exit;
        _process = null;
        (_ending, _lastWords) = (process.Ending, process.LastWords);
        if (stopping.IsCancellationRequested)
        {
            _socket.Clear();
            _life.Ready.TrySetResult(Stopping);
            return false;
        }
        _quarantine.Crashed();
        if (process.ExitCode == ExitCode.Usage)
        {
            // The engine says by this code that another try would end the same way: a damaged model, missing libraries.
            HearTroubles(process);
            if (_models.All.All(model => model.Trouble is not null))
                SwitchOffWithoutModels();
            else
                SwitchOff(Reason(process.LastWords), ModelTrouble.ForCallers(Reason(process.LastWords)));
            return false;
        }
        _state = EngineState.Starting;
        // The next life first: whoever hears that this one is gone can wait for that one at once.
        var gone = _life;
        if (gone.Ready.Task.IsCompleted)
        {
            _life = new Life();
            gone.Gone.TrySetResult();
        }
        return true;
    }

    /// <summary>How long loading may take: a fixed part, and one for each 20 MB, which the slowest disks read in a second.</summary>
    private TimeSpan LoadingTimeout() =>
        TimeSpan.FromSeconds(30) + TimeSpan.FromSeconds(_models.All.Where(model => model.File is not null).Sum(model => new FileInfo(model.Path) is { Exists: true } file ? file.Length : 0) / 20e6);

    /// <summary>Returns when the process has ended, hangs, or shall stop.</summary>
    private async Task WatchAsync(EngineProcess process, Task exit, CancellationToken stopping)
    {
        var missed = 0;
        while (!exit.IsCompleted && !stopping.IsCancellationRequested)
        {
            await Task.WhenAny(exit, Task.Delay(ProbeEvery, _time, stopping));
            if (exit.IsCompleted || stopping.IsCancellationRequested)
                return;
            missed = await BeatsAsync() ? 0 : missed + 1;
            if (missed < ProbesMissed)
                continue;
            _log.LogWarning("The engine (process {Process}) hangs and is replaced", process.Id);
            return;
        }
    }

    private async Task<bool> BeatsAsync()
    {
        using var patience = new CancellationTokenSource(ProbeTimeout, _time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, EngineSocket.HealthUri);
            using var answer = await _probe.SendAsync(request, patience.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private List<string> Arguments()
    {
        // A file that is missing is named too: the process tells its callers so, and serves the other one.
        var arguments = new List<string> { "--model", _models.Chat.Path, "--name", _models.Chat.Name, "--socket", _socket.Path, "--supervised" };
        if (_models.Embedding is { } embedding)
            arguments.AddRange(["--embedding-model", embedding.Path, "--embedding-name", embedding.Name]);
        arguments.AddRange(["--sequences", _config.Sequences.ToString(CultureInfo.InvariantCulture), "--queue", _config.Queue.ToString(CultureInfo.InvariantCulture)]);
        if (_config.Threads is { } threads)
            arguments.AddRange(["--threads", threads.ToString(CultureInfo.InvariantCulture)]);
        return arguments;
    }

    /// <summary>Takes over which models the process could not load. One whose file is missing keeps its own reason, which says where it was looked for.</summary>
    private void HearTroubles(EngineProcess process)
    {
        foreach (var (model, trouble) in new[] { (_models.Chat, process.ChatTrouble), (_models.Embedding, process.EmbeddingTrouble) })
            if (model is { File: not null })
                model.Trouble = trouble;
    }

    private string Setting(EmbeddedModel model) => model == _models.Chat ? "engine.model" : "engine.embeddingModel";

    /// <summary>Nothing can be served: each model says why.</summary>
    private void SwitchOffWithoutModels()
    {
        string Because(Func<EmbeddedModel, string?> trouble) =>
            string.Join("; ", _models.All.Select(model => $"{trouble(model)}: correct {Setting(model)} in milliways.json and start again"));
        SwitchOff(Because(model => model.Trouble), Because(model => model.TroubleForCallers));
    }

    /// <summary>What a command that failed said last, as a reason.</summary>
    private static string Reason(string lastWords) => ModelTrouble.WithoutPrefix(lastWords[(lastWords.LastIndexOf("milliways: ", StringComparison.Ordinal) is >= 0 and var at ? at : 0)..]).TrimEnd('.');

    /// <param name="because">For the log.</param>
    /// <param name="forCallers">For answers; null: the same.</param>
    private void SwitchOff(string because, string? forCallers = null)
    {
        _off = forCallers ?? because;
        _state = EngineState.Off;
        if (_config.Enabled)
            _log.LogWarning("The embedded engine does not run: {Reason}", because);
        var failure = new Failure(FailureKind.Overloaded, FailureParty.Gateway, "engine", $"The embedded model is not available: {_off}.") { RetryAfterSeconds = 30 };
        var gone = _life;
        if (!gone.Ready.TrySetResult(failure))
        {
            var off = new Life();
            off.Ready.SetResult(failure);
            _life = off;
        }
        gone.Gone.TrySetResult();
    }

    private static Failure Stopping => new(FailureKind.Overloaded, FailureParty.Gateway, "shutdown", "The server is shutting down: send the request again.") { RetryAfterSeconds = 5 };

    /// <summary>One run of the process, from the wish for it to its end.</summary>
    private sealed class Life
    {
        /// <summary>Null when it is ready, else why it will never be.</summary>
        public TaskCompletionSource<Failure?> Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Stay(Quarantine quarantine, Life life, string fingerprint, int number) : IUpstreamStay
    {
        private int _left;

        public Task Gone => life.Gone.Task;

        public void Broke() => quarantine.Suspect(fingerprint, number);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                quarantine.Leave(fingerprint);
        }
    }
}
