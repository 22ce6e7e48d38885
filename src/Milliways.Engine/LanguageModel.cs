using Milliways.Engine.Native;
using Milliways.Engine.Scheduling;
using Milliways.Engine.Templates;

namespace Milliways.Engine;

/// <summary>A loaded model that generates text. Safe on any thread; all requests share one decode loop.</summary>
public sealed class LanguageModel : IAsyncDisposable
{
    private readonly ModelHandle _model;
    private readonly Vocabulary _vocabulary;
    private readonly LanguageModelOptions _options;
    private readonly ModelProfile _profile;
    private readonly ChatTemplate? _template;
    private readonly DecodeLoop _loop;
    private int _disposed;

    private LanguageModel(ModelHandle model, LanguageModelOptions options)
    {
        _model = model;
        _vocabulary = new Vocabulary(model);
        var trained = LlamaNative.llama_model_n_ctx_train(model);
        var context = Math.Min(options.ContextTokens ?? trained, options.PoolTokens);
        _options = options;
        Facts = ModelFile.Facts(model, options.Path, context, _vocabulary.Count);
        var template = ModelFile.ChatTemplate(model);
        _profile = options.Profile ?? ModelProfile.Recognise(template);
        _template = template is null ? null : new ChatTemplate(template, _profile.DefaultSystemMessage, _vocabulary);
        _loop = new DecodeLoop(model, _vocabulary, options);
    }

    public ModelFacts Facts { get; }

    /// <summary>How busy it is now.</summary>
    public EngineLoad CurrentLoad => _loop.Load;

    public Heartbeat Heartbeat => _loop.Heartbeat;

    internal DecodeLoop Loop => _loop;
    internal Vocabulary Vocabulary => _vocabulary;

    /// <summary>Loads a model file and starts its decode loop. Takes as long as the disk does.</summary>
    /// <exception cref="EngineException">The file cannot be loaded, cannot generate, or an option is out of its range.</exception>
    public static LanguageModel Load(EngineLibrary library, LanguageModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(library);
        options.Validate();
        var model = ModelFile.Load(options.Path, options.GpuLayers, options.Progress);
        try
        {
            if (!ModelFile.Generates(model))
                throw new EngineException(
                    $"{options.Path} is no model that generates text by decoding alone (architecture {ModelFile.Metadata(model, "general.architecture")})");
            return new LanguageModel(model, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A conversation as the model's chat template writes it, with the assistant's turn begun. No text in it can pass for a turn.</summary>
    /// <exception cref="EngineException">The model has no chat template, or one llama.cpp does not know.</exception>
    public Prompt Render(IReadOnlyList<PromptMessage> messages) => Render(messages, openAnswer: true);

    /// <summary>Text as it is, with the model's opening token where it wants one.</summary>
    public Prompt Raw(string text) => new(_vocabulary.Tokenize(text, whole: true), _vocabulary);

    /// <summary>The tokens of a text, nothing added.</summary>
    public IReadOnlyList<TokenPiece> Tokenize(string text)
    {
        var ids = _vocabulary.Tokenize(text, whole: false);
        return Array.ConvertAll(ids, id =>
        {
            var bytes = _vocabulary.Bytes(id).ToArray();
            return new TokenPiece(id, bytes, System.Text.Encoding.UTF8.GetString(bytes));
        });
    }

    /// <summary>Queues a request, or refuses it. Cancelling the token cancels the generation.</summary>
    public GenerationAdmission Submit(GenerationRequest request, CancellationToken cancel = default)
    {
        if (RequestRules.Check(request, _vocabulary, Facts.ContextTokens, _options.Sequences) is { } broken)
            return GenerationAdmission.Refuse(broken);

        var room = Facts.ContextTokens - request.Prompt.Count;
        var wanted = request.MaxTokens ?? _options.DefaultMaxTokens;
        var generation = new Generation(_loop, request.Prompt.Count);
        var job = new Job
        {
            Generation = generation,
            Request = request,
            Sampling = ResolvedSampling.From(request.Sampling, _profile.Sampling),
            MaxTokens = Math.Min(wanted, room),
            LimitReason = wanted <= room ? FinishReason.MaxTokens : FinishReason.ContextFull,
        };
        if (_loop.Submit(job) is { } refusal)
            return GenerationAdmission.Refuse(refusal);
        generation.CancelWith(cancel);
        return GenerationAdmission.Admit(generation);
    }

    /// <summary>Ends the running step, fails what is left, and frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _loop.Stop();
        await _loop.Ended.ConfigureAwait(false);
        _loop.Dispose();
        _model.Dispose();
    }

    internal Prompt Render(IReadOnlyList<PromptMessage> messages, bool openAnswer) => _template is null
        ? throw new EngineException($"{Facts.Name} has no chat template, so it cannot be used for chat")
        : new Prompt(_template.Render(messages, openAnswer), _vocabulary);
}
