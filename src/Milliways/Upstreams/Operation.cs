namespace Milliways.Upstreams;

/// <summary>What a caller wants done; with the dialect it decides the upstream's path and the relay.</summary>
internal enum Operation
{
    Chat,
    Embeddings,
    TokenizeText,
    CountTokens,
    ImageGenerations,
    ImageEdits,

    /// <summary>xAI's files, batches, videos and document search: the address says what is done.</summary>
    PassThrough,
}
