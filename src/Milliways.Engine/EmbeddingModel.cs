using Milliways.Engine.Native;
using Milliways.Engine.Scheduling;

namespace Milliways.Engine;

/// <summary>
/// A loaded model that turns texts into vectors, pooled by the mean and of length 1. Safe on any thread; it has its own context and thread.
/// </summary>
public sealed class EmbeddingModel : IAsyncDisposable
{
    private readonly ModelHandle _model;
    private readonly Vocabulary _vocabulary;
    private readonly EmbeddingLoop _loop;
    private int _disposed;

    private EmbeddingModel(ModelHandle model, EmbeddingModelOptions options)
    {
        _model = model;
        _vocabulary = new Vocabulary(model);
        Facts = ModelFile.Facts(model, options.Path, LlamaNative.llama_model_n_ctx_train(model), _vocabulary.Count);
        _loop = new EmbeddingLoop(model, options, Facts);
    }

    /// <summary>Its context is the longest input in tokens.</summary>
    public ModelFacts Facts { get; }

    /// <summary>Loads a model file and starts its thread.</summary>
    /// <exception cref="EngineException">The file cannot be loaded, or is no encoder that pools by the mean.</exception>
    public static EmbeddingModel Load(EngineLibrary library, EmbeddingModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(library);
        var model = ModelFile.Load(options.Path, options.GpuLayers, options.Progress);
        try
        {
            return new EmbeddingModel(model, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>How many tokens a text is, the model's opening and closing ones included.</summary>
    public int CountTokens(string text) => _vocabulary.Tokenize(text, whole: true).Length;

    /// <summary>Embeds the inputs; the vectors come in their order. An input that is too long refuses them all.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the work stops after the running batch.</exception>
    /// <exception cref="EngineException">llama.cpp failed, or the model is being unloaded.</exception>
    public async ValueTask<EmbeddingResult> EmbedAsync(IReadOnlyList<EmbeddingInput> inputs, CancellationToken cancel = default)
    {
        var tokens = new int[inputs.Count][];
        var total = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            var input = inputs[i];
            tokens[i] = input.Text is null ? input.Tokens.ToArray() : _vocabulary.Tokenize(input.Text, whole: true);
            if (Check(i, tokens[i]) is { } refusal)
                return EmbeddingResult.Refuse(refusal);
            total += tokens[i].Length;
        }
        if (tokens.Length == 0)
            return new EmbeddingResult([], 0, null);

        var job = new EmbeddingJob(tokens, cancel);
        if (_loop.Enqueue(job) is { } full)
            return EmbeddingResult.Refuse(full);
        await job.Done.Task.ConfigureAwait(false);
        return new EmbeddingResult(job.Vectors, total, null);
    }

    /// <summary>Ends the running batch, fails what waits, and frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _loop.Stop();
        await _loop.Ended.ConfigureAwait(false);
        _loop.Dispose();
        _model.Dispose();
    }

    private Refusal? Check(int index, int[] tokens)
    {
        if (tokens.Length == 0)
            return new Refusal.InvalidParameter("input", $"Input {index} is empty.");
        if (tokens.Length > Facts.ContextTokens)
            return new Refusal.ContextExceeded(tokens.Length, Facts.ContextTokens, index);
        foreach (var token in tokens)
        {
            if (!_vocabulary.Contains(token))
                return new Refusal.InvalidParameter("input", $"Input {index} has token {token}; the model's tokens are 0 to {_vocabulary.Count - 1}.");
        }
        return null;
    }
}
