using Milliways.Dialects.Chat;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>
/// The models under their names. Each is loaded on its own: one whose file is missing or damaged is told to those who ask for it, and the other one
/// serves.
/// </summary>
internal sealed class EngineModels : IAsyncDisposable
{
    private readonly EngineHostOptions _options;
    private readonly string? _chatTrouble;
    private readonly string? _embeddingTrouble;

    private EngineModels(EngineHostOptions options, EngineLibrary library)
    {
        _options = options;
        (Chat, _chatTrouble) = Load(() => LanguageModel.Load(library, new LanguageModelOptions
        {
            Path = options.Model,
            Sequences = options.Sequences,
            QueueLimit = options.Queue,
            Threads = options.Threads,
        }));
        if (options.EmbeddingModel is { } path)
            (Embedding, _embeddingTrouble) = Load(() => EmbeddingModel.Load(library, new EmbeddingModelOptions { Path = path, Threads = options.Threads }));
    }

    /// <summary>Null when it could not be loaded.</summary>
    public LanguageModel? Chat { get; }

    public string ChatName => _options.Name;

    /// <summary>Null when it could not be loaded, and when there is none.</summary>
    public EmbeddingModel? Embedding { get; }

    public string? EmbeddingName => _options.EmbeddingModel is null ? null : _options.EmbeddingName;

    /// <summary>The answer to who asks for the chat model when it could not be loaded.</summary>
    public Failure NoChat => Unavailable(ChatName, _chatTrouble, _options.Supervised ? "engine.model in milliways.json" : "--model");

    /// <summary>The answer to who asks for embeddings when there is no model for them.</summary>
    public Failure NoEmbedding => _options.EmbeddingModel is null
        ? Failure.Invalid($"The engine was started without an embedding model: set {EmbeddingSetting}.", "model")
        : Unavailable(EmbeddingName!, _embeddingTrouble, EmbeddingSetting);

    private string EmbeddingSetting => _options.Supervised ? "engine.embeddingModel in milliways.json" : "--embedding-model";

    /// <summary>Loads what can be loaded and reports the rest on standard output, for the supervisor, and on standard error, for people.</summary>
    /// <exception cref="EngineException">No model could be loaded.</exception>
    public static async Task<EngineModels> LoadAsync(EngineHostOptions options, EngineLibrary library)
    {
        var models = new EngineModels(options, library);
        if (models._chatTrouble is { } chat)
            await Console.Out.WriteLineAsync(EngineReport.Chat + chat);
        if (models._embeddingTrouble is { } embedding)
            await Console.Out.WriteLineAsync(EngineReport.Embedding + embedding);
        var troubles = string.Join("; ", new[] { models._chatTrouble, models._embeddingTrouble }.Where(trouble => trouble is not null));
        if (models.Chat is null && models.Embedding is null)
            throw new EngineException(troubles);
        if (troubles.Length > 0)
            await Console.Error.WriteLineAsync($"milliways: {troubles}");
        return models;
    }

    /// <summary>Why a model named so does not chat, or null when it may be the chat model: the supervisor's router knows the names, other callers may use any.</summary>
    public Failure? RefuseChat(string name) => name == EmbeddingName && name != ChatName
        ? Failure.Invalid($"The model {name} makes embeddings and nothing else: send it to /v1/embeddings, or name {ChatName} here.", "model")
        : null;

    /// <summary>The same for embeddings.</summary>
    public Failure? RefuseEmbedding(string? name) => name == ChatName && name != EmbeddingName
        ? Failure.Invalid($"The model {name} chats and makes no embeddings: send it to /v1/chat/completions{(EmbeddingName is null ? "" : $", or name {EmbeddingName} here")}.", "model")
        : null;

    public async ValueTask DisposeAsync()
    {
        if (Chat is not null)
            await Chat.DisposeAsync();
        if (Embedding is not null)
            await Embedding.DisposeAsync();
    }

    private Failure Unavailable(string name, string? trouble, string setting) =>
        new(FailureKind.Overloaded, FailureParty.Gateway, "engine",
            $"The model {name} is not available: {ModelTrouble.ForCallers(trouble ?? "it was not loaded", _options.Model, _options.EmbeddingModel)}: correct {setting} and start again.")
        {
            RetryAfterSeconds = 30,
        };

    private static (T? Model, string? Trouble) Load<T>(Func<T> load)
        where T : class
    {
        try
        {
            return (load(), null);
        }
        catch (EngineException unusable)
        {
            return (null, ModelTrouble.OneLine(unusable.Message));
        }
    }
}
