using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>Writes events as one dialect's stream; the end of the answer is kept for the tail (design §3, step 5).</summary>
public interface IStreamWriter : IChatEventSink
{
    /// <summary>Why what came cannot be written in this dialect, after which nothing more is; null: it can.</summary>
    Failure? Failure => null;

    /// <param name="tail">Where it goes.</param>
    /// <param name="finalUsage">Outranks what the events told; null: what they told.</param>
    /// <param name="costTicks">What the answer was charged, for <c>cost_in_usd_ticks</c> in its usage; null: not charged at all.</param>
    void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null);

    /// <summary>The end of a broken answer where it tells of what was written before it (Responses). False: nothing was written.</summary>
    bool WriteFailure(Failure failure, IBufferWriter<byte> tail) => false;
}
