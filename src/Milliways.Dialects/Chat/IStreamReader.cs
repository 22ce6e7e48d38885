using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Chat;

/// <summary>Reads the frames of one dialect's stream into events.</summary>
public interface IStreamReader
{
    /// <summary>Completed or Failed was given.</summary>
    bool HasEnded { get; }

    void Read(in SseFrame frame, IChatEventSink sink);

    /// <summary>The body ended properly; whether the answer is whole is the dialect's rule.</summary>
    void EndOfBody(IChatEventSink sink);
}
