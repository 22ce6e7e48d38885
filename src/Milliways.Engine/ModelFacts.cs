namespace Milliways.Engine;

/// <summary>What a loaded model is.</summary>
public sealed record ModelFacts
{
    /// <summary>The name in the file, or the file's own.</summary>
    public required string Name { get; init; }

    /// <summary>Architecture, size class and quantisation in one line.</summary>
    public required string Description { get; init; }

    /// <summary>GGUF's name of the architecture, such as "llama" or "bert".</summary>
    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The tensors' size in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>The context the model was trained with, in tokens.</summary>
    public required int TrainedContextTokens { get; init; }

    /// <summary>The context one request may use, prompt and answer together, in tokens.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Token ids run from 0 to this, excluded.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The model's width: the length of an embedding.</summary>
    public required int EmbeddingLength { get; init; }
}
