using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>xAI's gRPC chat, as callers speak it. Requests are messages without their frame's head; answers are whole frames.</summary>
public sealed class XaiGrpcDialect : ICallerDialect
{
    private readonly GrpcReadOptions options;

    private XaiGrpcDialect(GrpcReadOptions options) => this.options = options;

    /// <summary>GetCompletion: a whole answer.</summary>
    public static XaiGrpcDialect Instance { get; } = new(GrpcReadOptions.Whole);

    /// <summary>GetCompletionChunk: a stream of answers.</summary>
    public static XaiGrpcDialect Streamed { get; } = new(GrpcReadOptions.Streamed);

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => RequestReader.Read(body, options);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new StreamWriter(output, facts);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null) =>
        GrpcFrame.Write(output, AnswerWriter.Write(fold, facts, costTicks: costTicks));
}
