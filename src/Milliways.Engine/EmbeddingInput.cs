namespace Milliways.Engine;

/// <summary>One text to embed, or its token ids as they are (the model's opening and closing tokens included).</summary>
public readonly record struct EmbeddingInput
{
    private EmbeddingInput(string? text, ReadOnlyMemory<int> tokens)
    {
        Text = text;
        Tokens = tokens;
    }

    /// <summary>Null when the input is token ids.</summary>
    public string? Text { get; }

    public ReadOnlyMemory<int> Tokens { get; }

    public static EmbeddingInput OfText(string text) => new(text, default);

    public static EmbeddingInput OfTokens(ReadOnlyMemory<int> tokens) => new(null, tokens);
}

/// <summary>The vectors in the order of the inputs, each of length 1; or why there are none.</summary>
/// <param name="Vectors">Empty when refused.</param>
/// <param name="Tokens">Tokens of all inputs, the opening and closing ones included.</param>
/// <param name="Refusal">Null when done.</param>
public sealed record EmbeddingResult(IReadOnlyList<float[]> Vectors, int Tokens, Refusal? Refusal)
{
    internal static EmbeddingResult Refuse(Refusal refusal) => new([], 0, refusal);
}
