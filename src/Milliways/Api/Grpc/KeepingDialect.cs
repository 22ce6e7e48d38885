using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Api.Grpc;

/// <summary>A caller's dialect that tells beside what it writes what the whole answer was.</summary>
internal sealed class KeepingDialect(ICallerDialect inner, IAnswerListener listener) : ICallerDialect
{
    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => inner.ReadRequest(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new Writer(inner.NewStreamWriter(output, facts), facts, listener);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null)
    {
        listener.Answered(fold, facts, costTicks);
        inner.WriteAnswer(fold, facts, output, costTicks);
    }

    private sealed class Writer(IStreamWriter inner, AnswerFacts facts, IAnswerListener listener) : IStreamWriter
    {
        private readonly ChatFold _fold = new();

        public Failure? Failure => inner.Failure;

        public void On(ChatEvent chatEvent)
        {
            ((IChatEventSink)_fold).On(chatEvent);
            inner.On(chatEvent);
        }

        public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
        {
            listener.Answered(_fold, facts, costTicks);
            inner.WriteTail(tail, finalUsage, costTicks);
        }

        public bool WriteFailure(Failure failure, IBufferWriter<byte> tail) => inner.WriteFailure(failure, tail);
    }
}
