using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>
/// Anthropic's legacy /v1/complete as callers speak it (dialects 2.10; xai-api 1.5): a prompt of <c>\n\nHuman:</c> and <c>\n\nAssistant:</c> turns.
/// No upstream is asked in it.
/// </summary>
public sealed class CompleteDialect : ICallerDialect
{
    public static CompleteDialect Instance { get; } = new();

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, facts);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) => ResponseWriter.Write(fold, facts, output);
}
