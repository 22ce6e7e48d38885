using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>One dialect as callers speak it: its requests to neutral ones, neutral events to its answers. Without state; shared by all requests.</summary>
public interface ICallerDialect
{
    Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body);

    /// <summary>Writes a stream to <paramref name="output"/> as events come; the end is kept for the tail.</summary>
    IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts);

    /// <param name="fold">The whole answer.</param>
    /// <param name="facts">What it says of itself.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="costTicks">What it was charged, for <c>cost_in_usd_ticks</c> in its usage; null: not charged at all.</param>
    void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null);
}

/// <summary>What an answer says about itself, fixed for its whole length.</summary>
/// <param name="Id">The answer's id as the caller's dialect forms it.</param>
/// <param name="Model">The model that answers.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Request">What was asked: some dialects repeat it.</param>
public sealed record AnswerFacts(string Id, string Model, long Created, ChatRequest Request)
{
    public Flavour Flavour { get; init; }

    /// <summary><c>system_fingerprint</c>; absent when null.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Tokens of the prompt as far as they can be guessed before the upstream tells: at least 1 (dialects 4.11).</summary>
    public long InputEstimate { get; init; } = 1;

    /// <summary>The most bytes of one message, where a stream consists of messages.</summary>
    public int MostMessageBytes { get; init; } = int.MaxValue;
}
