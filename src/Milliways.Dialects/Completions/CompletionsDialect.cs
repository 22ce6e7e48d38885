using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Completions;

/// <summary>OpenAI's legacy /v1/completions as callers speak it (xai-api 1.4): the prompt is one user turn. No upstream is asked in it.</summary>
public sealed class CompletionsDialect : ICallerDialect
{
    public static CompletionsDialect Instance { get; } = new();

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, facts);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) => ResponseWriter.Write(fold, facts, output, costTicks);
}
