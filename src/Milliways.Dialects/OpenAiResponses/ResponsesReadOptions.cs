namespace Milliways.Dialects.OpenAiResponses;

/// <summary>What a server knows beside the body of a Responses request.</summary>
public sealed record ResponsesReadOptions
{
    public static ResponsesReadOptions Default { get; } = new();

    /// <summary>
    /// The conversation that <c>previous_response_id</c> continues, resolved by the server: JSON arrays of items, oldest first, each response's input
    /// before its output. Null: nothing was resolved, and a <c>previous_response_id</c> is refused (dialects 3.7).
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Earlier { get; init; }

    /// <summary>Answers are kept for later: <c>store</c> is repeated as it was asked, and <c>background</c> is the server's own affair.</summary>
    public bool KeepsAnswers { get; init; }
}
