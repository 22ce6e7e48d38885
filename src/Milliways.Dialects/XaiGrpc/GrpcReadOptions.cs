using Milliways.Dialects.Chat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>What a server knows beside the message of a chat request.</summary>
public sealed record GrpcReadOptions
{
    public static GrpcReadOptions Whole { get; } = new();

    public static GrpcReadOptions Streamed { get; } = new() { Stream = true };

    /// <summary>GetCompletionChunk was called, not GetCompletion.</summary>
    public bool Stream { get; init; }

    /// <summary>
    /// The conversation that <c>previous_response_id</c> continues, resolved by the server: each answer's request before the answer, oldest first. Null:
    /// nothing was resolved, and a <c>previous_response_id</c> is refused.
    /// </summary>
    public IReadOnlyList<ChatMessage>? Earlier { get; init; }
}
