using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>Writes events as one dialect's stream; the end of the answer is kept for the tail (design §3, step 5).</summary>
public interface IStreamWriter : IChatEventSink
{
    void WriteTail(IBufferWriter<byte> tail);

    /// <summary>The end of a broken answer where it tells of what was written before it (Responses). False: nothing was written.</summary>
    bool WriteFailure(Failure failure, IBufferWriter<byte> tail) => false;
}
