using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>Writes events as one dialect's stream; the end of the answer is kept for the tail (design §3, step 5).</summary>
public interface IStreamWriter : IChatEventSink
{
    void WriteTail(IBufferWriter<byte> tail);
}
