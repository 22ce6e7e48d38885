namespace Milliways.Engine;

/// <summary>How an embedding model is loaded and how much it takes on.</summary>
public sealed record EmbeddingModelOptions
{
    /// <summary>The GGUF file.</summary>
    public required string Path { get; init; }

    /// <summary>Requests that may wait. One more is refused. The default is 256.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Threads that compute; null as for a language model.</summary>
    public int? Threads { get; init; }

    /// <summary>Layers on the GPU where there is one; null for all that fit.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Told 0 to 1 while the file loads.</summary>
    public IProgress<float>? Progress { get; init; }
}
