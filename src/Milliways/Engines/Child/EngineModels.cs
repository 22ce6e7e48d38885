using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>The loaded models under their names.</summary>
internal sealed class EngineModels(EngineHostOptions options, LanguageModel chat, EmbeddingModel? embedding)
{
    public LanguageModel Chat => chat;

    public string ChatName => options.Name;

    public EmbeddingModel? Embedding => embedding;

    public string? EmbeddingName => embedding is null ? null : options.EmbeddingName;
}
