using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// The one thread that decodes. Each step takes one token of every answer and a slice of the prompts that wait, so requests join and leave between
/// steps.
/// </summary>
internal sealed class DecodeLoop : IDisposable
{
    private readonly LanguageModelOptions _options;
    private readonly Vocabulary _vocabulary;
    private readonly SequenceMemory _memory;
    private readonly AbortFlag _abort = new();
    private readonly BatchBuffer _batch;
    private readonly Capacity _capacity;
    private readonly RequestQueue _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly List<Job> _running = [];
    private readonly List<Job> _prefilling = [];
    private readonly List<Choice> _answering = [];
    private readonly List<Job> _inStep = [];
    private readonly List<Job> _admitted = [];
    private readonly List<Job> _dropped = [];

    private long _steps;
    private long _promptTokens;
    private long _generatedTokens;
    private long _lastTick;
    private long _lastWork;
    private bool _workPending;

    internal DecodeLoop(ModelHandle model, Vocabulary vocabulary, LanguageModelOptions options)
    {
        (_options, _vocabulary) = (options, vocabulary);
        _memory = new SequenceMemory(model, options, _abort);
        _batch = new BatchBuffer(_memory.BatchTokens);
        _capacity = new Capacity(options.Sequences, options.PoolTokens);
        _queue = new RequestQueue(options.QueueLimit, _capacity, _abort);
        _lastTick = _lastWork = options.Clock.GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "decode" };
        _thread.Start();
    }

    internal Task Ended => _ended.Task;

    internal Heartbeat Heartbeat => new(Volatile.Read(ref _lastTick), Volatile.Read(ref _workPending) || _queue.Count > 0, Volatile.Read(ref _steps));

    internal EngineLoad Load => new(
        _running.Count, _queue.Count, _capacity.BusySequences, _capacity.Sequences, _options.QueueLimit, _memory.Cells, _capacity.ReservedCells,
        Volatile.Read(ref _promptTokens), Volatile.Read(ref _generatedTokens), Volatile.Read(ref _steps));

    /// <summary>Runs on the decode thread after each step and each idle tick, with no lock held.</summary>
    internal Action? AfterRound { get; set; }

    internal Refusal? Submit(Job job) => _capacity.CanEverHold(job)
        ? _queue.Enqueue(job)
        : new Refusal.InvalidParameter(
            "n", $"n times the prompt and its answer is more than the {_options.PoolTokens} tokens the engine can hold; ask for fewer choices or a smaller max_tokens.");

    internal void NoticeCancel() => _queue.NoticeCancel();

    internal void Stop() => _queue.Stop();

    /// <summary>Only after <see cref="Ended"/>.</summary>
    public void Dispose()
    {
        _memory.Dispose();
        _batch.Dispose();
        _abort.Dispose();
    }

    private void Run()
    {
        try
        {
            while (_queue.Collect(_running.Count > 0, _admitted, _dropped))
            {
                _workPending = _running.Count + _admitted.Count > 0;
                try
                {
                    DropCancelled();
                    StartAdmitted();
                    if (_running.Count == 0)
                    {
                        Rest();
                        continue;
                    }
                    Step();
                    _lastWork = _options.Clock.GetTimestamp();
                }
#pragma warning disable CA1031 // The loop serves everybody: a fault ends the requests it could have touched, not the loop.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    FailAll(failure.Message);
                }
                finally
                {
                    Volatile.Write(ref _lastTick, _options.Clock.GetTimestamp());
                    AfterRound?.Invoke();
                }
            }
            FailAll("the model is being unloaded");
            _queue.Drain(_dropped);
            foreach (var job in _dropped)
                job.Generation.End(new GenerationEvent.Failed("the model is being unloaded"));
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private void DropCancelled()
    {
        foreach (var job in _dropped)
            EndCancelled(job);
        _dropped.Clear();
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].Generation.IsCancelled)
                Retire(_running[i]);
        }
        _answering.RemoveAll(static choice => choice.IsFinished);
    }

    private void StartAdmitted()
    {
        foreach (var job in _admitted)
            Start(job);
        _admitted.Clear();
    }

    private void Start(Job job)
    {
        job.StartedAt = _options.Clock.GetTimestamp();
        job.ChoicesLeft = job.ChoiceCount;
        job.Choices = new Choice[job.ChoiceCount];
        for (var i = 0; i < job.Choices.Length; i++)
            job.Choices[i] = new Choice(job, i, job.Sequences[i], new TokenSampler(job.Sampling, i, job.MaxTokens, _vocabulary.Count));
        _running.Add(job);
        _prefilling.Add(job);
        job.Generation.Write(GenerationEvent.Started.Instance);
    }

    private void Step()
    {
        // 1. One token of each answer, then as much of the prompts as does not stall them.
        _batch.Clear();
        _inStep.Clear();
        var slice = _answering.Count > 0 ? _options.PromptSlice : _options.IdlePromptSlice;
        _memory.Grow(Math.Min(UsedCells() + _answering.Count + slice, _options.PoolTokens));
        foreach (var choice in _answering)
        {
            choice.BatchIndex = _batch.Add(choice.LastToken, choice.Position, choice.Sequence, logits: true);
            TakePart(choice.Job);
        }
        AddPromptSlices(slice);

        // 2. Decode. Only a step that nobody wants any more is aborted, and what it left behind goes with its sequences.
        _queue.BeginStep(_inStep);
        var result = _batch.Decode(_memory.Context);
        _queue.EndStep();
        Volatile.Write(ref _steps, _steps + 1);
        if (result == 2)
            return;
        if (result != 0)
        {
            throw new EngineException(result == 1
                ? "the key/value cache has no room, which reserving should have prevented"
                : $"llama_decode failed with {result}");
        }

        // 3. Choose, tell, and begin the answers whose prompt is now complete.
        foreach (var choice in _answering)
            choice.Advance(_memory.Context, choice.BatchIndex, _vocabulary);
        Volatile.Write(ref _generatedTokens, _generatedTokens + _answering.Count);
        BeginAnswers();
        RetireFinished();
    }

    // Cells in use, at most: choices share their prompt until the cache is moved.
    private int UsedCells()
    {
        var cells = 0;
        foreach (var job in _running)
            cells += job.Prefilled * job.ChoiceCount;
        foreach (var choice in _answering)
            cells += choice.CompletionTokens;
        return cells;
    }

    // The prompts take turns, so that a long one does not keep a short one waiting for all of its slices.
    private void AddPromptSlices(int budget)
    {
        for (var turns = _prefilling.Count; turns > 0 && budget > 0; turns--)
        {
            var job = _prefilling[0];
            var prompt = job.Request.Prompt.Tokens;
            var take = Math.Min(budget, prompt.Length - job.Prefilled);
            for (var i = 0; i < take; i++)
            {
                var position = job.Prefilled + i;
                var isLast = position == prompt.Length - 1;
                var index = _batch.Add(prompt[position], position, job.Sequences[0], logits: isLast);
                if (isLast)
                    job.PromptEnd = index;
            }
            job.Prefilled += take;
            budget -= take;
            TakePart(job);
            _prefilling.RemoveAt(0);
            _prefilling.Add(job);
        }
    }

    private void TakePart(Job job)
    {
        if (job.InStep)
            return;
        job.InStep = true;
        _inStep.Add(job);
    }

    private void BeginAnswers()
    {
        foreach (var job in _inStep)
        {
            job.InStep = false;
            if (job.PromptEnd < 0)
                continue;
            for (var i = 1; i < job.Sequences.Length; i++)
                _memory.Share(job.Sequences[0], job.Sequences[i]);
            foreach (var choice in job.Choices)
            {
                choice.Advance(_memory.Context, job.PromptEnd, _vocabulary);
                _answering.Add(choice);
            }
            Volatile.Write(ref _promptTokens, _promptTokens + job.Prefilled);
            Volatile.Write(ref _generatedTokens, _generatedTokens + job.Choices.Length);
            job.PromptEnd = -1;
            _prefilling.Remove(job);
        }
    }

    private void RetireFinished()
    {
        var finished = false;
        foreach (var choice in _answering)
        {
            if (!choice.IsFinished)
                continue;
            finished = true;
            Free(choice);
            if (choice.Job.ChoicesLeft == 0)
                End(choice.Job, new GenerationEvent.Ended(new GenerationUsage(choice.Job.Request.Prompt.Count, choice.Job.CompletionTokens)));
        }
        if (finished)
            _answering.RemoveAll(static choice => choice.IsFinished);
    }

    // A cancelled request: what it generated until now is its usage, and of the prompt what was processed.
    private void Retire(Job job)
    {
        foreach (var choice in job.Choices)
        {
            if (choice.IsFinished)
                continue;
            choice.Finish(FinishReason.Cancelled);
            Free(choice);
        }
        End(job, new GenerationEvent.Ended(new GenerationUsage(job.Prefilled, job.CompletionTokens)));
    }

    private static void EndCancelled(Job job)
    {
        for (var i = 0; i < job.ChoiceCount; i++)
            job.Generation.Write(new GenerationEvent.Finished(i, FinishReason.Cancelled, null, 0));
        job.Generation.End(new GenerationEvent.Ended(new GenerationUsage(0, 0)));
    }

    private void End(Job job, GenerationEvent last)
    {
        job.InStep = false;
        _running.Remove(job);
        _prefilling.Remove(job);
        _queue.NoteDuration(_options.Clock.GetElapsedTime(job.StartedAt));
        job.Generation.End(last);
    }

    private void Free(Choice choice)
    {
        choice.Dispose();
        _memory.Remove(choice.Sequence);
        _capacity.Release(choice.Job, choice.Sequence);
    }

    private void FailAll(string reason)
    {
        // Those admitted in this round hold a reservation too, even if they did not get to run.
        foreach (var job in _admitted.Concat(_running).Distinct().ToArray())
            Fail(job, reason);
        _admitted.Clear();
        _answering.Clear();
    }

    private void Fail(Job job, string reason)
    {
        for (var i = 0; i < job.Sequences.Length; i++)
        {
            var choice = job.Choices.ElementAtOrDefault(i);
            if (choice is { IsFinished: true })
                continue;
            choice?.Dispose();
            _memory.Remove(job.Sequences[i]);
            _capacity.Release(job, job.Sequences[i]);
        }
        End(job, new GenerationEvent.Failed(reason));
    }

    private void Rest()
    {
        if (_options.Clock.GetElapsedTime(_lastWork) >= _options.ShrinkAfter)
            _memory.Shrink();
    }
}
