using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// The one thread that embeds. It packs inputs into batches of at most the model's context; after each batch the next request has its turn,
/// so a request with many inputs does not keep one with few waiting.
/// </summary>
internal sealed class EmbeddingLoop : IDisposable
{
    private const int PoolingMean = 1;
    private const int MaxSequences = 64;

    private readonly object _gate = new();
    private readonly LinkedList<EmbeddingJob> _waiting = [];
    private readonly AbortFlag _abort = new();
    private readonly ThreadpoolHandle _threads;
    private readonly ContextHandle _context;
    private readonly BatchBuffer _batch;
    private readonly int _queueLimit;
    private readonly int _length;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopping;

    internal unsafe EmbeddingLoop(ModelHandle model, EmbeddingModelOptions options, ModelFacts facts)
    {
        _queueLimit = options.QueueLimit;
        _length = facts.EmbeddingLength;
        var threads = options.Threads ?? LanguageModelOptions.DefaultThreads;
        _threads = ThreadpoolHandle.Create(threads);
        var parameters = LlamaNative.llama_context_default_params();
        // Attention without a mask needs a whole input in one micro-batch. More than one context's worth would only make attention dearer.
        parameters.ContextTokens = parameters.BatchTokens = parameters.MicroBatchTokens = (uint)facts.ContextTokens;
        parameters.MaxSequences = MaxSequences;
        parameters.Threads = parameters.BatchThreads = threads;
        parameters.Embeddings = true;
        parameters.UnifiedKeyValues = true;
        parameters.AbortCallback = AbortFlag.Callback;
        parameters.AbortState = _abort.State;
        _context = ContextHandle.Create(model, parameters, _threads);
        if (LlamaNative.llama_pooling_type(_context) != PoolingMean)
            throw new EngineException($"{facts.Name} is no embedding model that pools by the mean");
        _batch = new BatchBuffer(facts.ContextTokens);
        new Thread(Run) { IsBackground = true, Name = "embed" }.Start();
    }

    internal Task Ended => _ended.Task;

    internal Refusal? Enqueue(EmbeddingJob job)
    {
        lock (_gate)
        {
            if (_stopping)
                return new Refusal.Closed();
            if (_waiting.Count > _queueLimit)
                return new Refusal.QueueFull(TimeSpan.FromSeconds(1));
            _waiting.AddLast(job);
            Monitor.PulseAll(_gate);
            return null;
        }
    }

    internal void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            _abort.Raise();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Only after <see cref="Ended"/>.</summary>
    public void Dispose()
    {
        _context.Dispose();
        _threads.Dispose();
        _batch.Dispose();
        _abort.Dispose();
    }

    private void Run()
    {
        try
        {
            while (Next() is { } job)
            {
                try
                {
                    if (!job.Cancel.IsCancellationRequested)
                        EmbedBatch(job);
                    Return(job);
                }
#pragma warning disable CA1031 // The loop serves everybody: a fault ends one request.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    job.Done.TrySetException(failure);
                }
            }
            foreach (var job in _waiting)
                job.Done.TrySetException(new EngineException("the model is being unloaded"));
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private EmbeddingJob? Next()
    {
        lock (_gate)
        {
            while (!_stopping && _waiting.Count == 0)
#pragma warning disable RS0030 // The loop's own thread waits for work here: it serves no socket.
                Monitor.Wait(_gate);
#pragma warning restore RS0030
            if (_stopping)
                return null;
            var job = _waiting.First!.Value;
            _waiting.RemoveFirst();
            return job;
        }
    }

    private void Return(EmbeddingJob job)
    {
        if (job.Cancel.IsCancellationRequested)
        {
            job.Done.TrySetCanceled(job.Cancel);
        }
        else if (job.Embedded == job.Inputs.Count)
        {
            job.Done.TrySetResult();
        }
        else
        {
            lock (_gate)
                _waiting.AddLast(job);
        }
    }

    private void EmbedBatch(EmbeddingJob job)
    {
        _batch.Clear();
        var first = job.Embedded;
        var count = 0;
        while (first + count < job.Inputs.Count && count < MaxSequences && job.Inputs[first + count].Length <= _batch.Room)
        {
            var tokens = job.Inputs[first + count];
            for (var position = 0; position < tokens.Length; position++)
                _batch.Add(tokens[position], position, count, logits: true);
            count++;
        }
        var result = _batch.Encode(_context);
        if (result != 0)
            throw new EngineException($"llama_encode failed with {result}");
        for (var i = 0; i < count; i++)
            job.Vectors[first + i] = Normalised(i);
        job.Embedded += count;
    }

    private unsafe float[] Normalised(int sequence)
    {
        var pooled = LlamaNative.llama_get_embeddings_seq(_context, sequence);
        if (pooled == null)
            throw new EngineException($"llama.cpp has no embedding for input {sequence} of the batch");
        var vector = new ReadOnlySpan<float>(pooled, _length).ToArray();
        var squares = 0.0;
        foreach (var x in vector)
            squares += (double)x * x;
        var scale = squares > 0 ? (float)(1 / Math.Sqrt(squares)) : 0;
        for (var i = 0; i < vector.Length; i++)
            vector[i] *= scale;
        return vector;
    }
}

/// <summary>A request on its way through the embedding loop.</summary>
internal sealed class EmbeddingJob(IReadOnlyList<int[]> inputs, CancellationToken cancel)
{
    internal IReadOnlyList<int[]> Inputs => inputs;
    internal CancellationToken Cancel => cancel;
    internal float[][] Vectors { get; } = new float[inputs.Count][];
    internal int Embedded { get; set; }
    internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
