using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Fuzz;

/// <summary>What must hold for event streams, however they come in pieces.</summary>
internal static class StreamChecks
{
    /// <summary>Any split gives the same frames, and frames cover no byte twice.</summary>
    public static void Sse(byte[] bytes, Throws throws)
    {
        var (once, pieces) = (new List<string>(), new List<string>());
        Frames(bytes, null, (in frame) => Add(once, frame));
        Frames(bytes, throws, (in frame) => Add(pieces, frame));
        Claim.That(once.SequenceEqual(pieces), "pieces give other frames");
    }

    /// <summary>One end, the same events in any pieces, and never more text than came in.</summary>
    public static void Stream(IUpstreamDialect dialect, byte[] bytes, Throws throws)
    {
        var once = Read(dialect, bytes, null);
        var pieces = Read(dialect, bytes, throws);
        Claim.That(once.End is not null, "no end");
        // Not the events themselves: calls without an id get one that is their own.
        Claim.That(once.Events.Count == pieces.Events.Count && once.IsCompleted == pieces.IsCompleted, "pieces give other events");
        var text = once.Events.Sum(each => each switch
        {
            ChatEvent.TextDelta delta => (long)delta.Text.Length,
            ChatEvent.ReasoningDelta delta => delta.Text.Length,
            ChatEvent.ToolCallDelta delta => delta.Arguments.Length,
            _ => 0,
        });
        Claim.That(text <= bytes.Length + 1024, $"{text} characters out of {bytes.Length} bytes");
    }

    public static void Cut(IUpstreamDialect dialect, byte[] bytes, Throws throws) =>
        Claim.That(!Read(dialect, bytes, throws).IsCompleted, "a stream that was cut is complete");

    private static Recorder Read(IUpstreamDialect dialect, byte[] bytes, Throws? pieces)
    {
        var (reader, recorder) = (dialect.NewStreamReader(), new Recorder());
        Frames(bytes, pieces, (in frame) => reader.Read(frame, recorder));
        reader.EndOfBody(recorder);
        Claim.That(reader.HasEnded, "the reader has not ended at the end");
        return recorder;
    }

    private delegate void Taker(in SseFrame frame);

    private static void Frames(byte[] bytes, Throws? pieces, Taker take)
    {
        var reader = new SseReader();
        int from = 0, to = 0;
        while (to < bytes.Length)
        {
            to = pieces is null ? bytes.Length : Math.Min(bytes.Length, to + 1 + pieces.Upto(200));
            while (reader.TryReadFrame(bytes.AsSpan(from, to - from), out var frame))
            {
                Claim.That(frame.Length > 0 && from + frame.Length <= to, "a frame that is not there");
                take(frame);
                from += frame.Length;
            }
        }
        if (reader.TryReadLast(bytes.AsSpan(from), out var last))
            take(last);
    }

    /// <summary>Only what a client sees: frames without data may be cut differently where a CR ends a piece.</summary>
    private static void Add(List<string> frames, in SseFrame frame)
    {
        if (frame.HasData)
            frames.Add($"{Convert.ToHexString(frame.Event)} {Convert.ToHexString(frame.Data)}");
    }
}
