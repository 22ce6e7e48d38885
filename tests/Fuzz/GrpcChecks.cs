using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Fuzz;

/// <summary>What must hold for messages and frames of xAI's gRPC.</summary>
internal static class GrpcChecks
{
    private const int MostBytes = 1 << 20;

    /// <summary>Read or refused by the caller's fault; what is read can be written for every upstream, and for xAI over gRPC in a message that is read again.</summary>
    public static void Request(byte[] bytes)
    {
        var request = XaiGrpcDialect.Instance.ReadRequest(bytes);
        Claim.That(request.IsOk || request.Failure.Party == FailureParty.Client, "not the caller's fault");
        WholeChecks.Written(request);
        if (!request.IsOk)
            return;
        var body = new ArrayBufferWriter<byte>();
        if (GrpcUpstream.Instance.WriteRequest(request.Value, new UpstreamTarget("m"), body, new SortedSet<string>(StringComparer.Ordinal)) is not null)
            return;
        Claim.That(GrpcFrame.TryRead(body.WrittenSpan, int.MaxValue, out var frame, out _) && frame.Length == body.WrittenCount, "a request that is no frame");
        var again = XaiGrpcDialect.Instance.ReadRequest(frame.Message.ToArray());
        Claim.That(again.IsOk, $"what was read is refused when it is written again: {again.Failure?.Message}");
    }

    /// <summary>One end, and the same events in any pieces.</summary>
    public static void Stream(byte[] bytes, Throws throws)
    {
        var (once, pieces) = (Read(bytes, null), Read(bytes, throws));
        Claim.That(once.End is not null, "no end");
        Claim.That(once.Events.Count == pieces.Events.Count && once.IsCompleted == pieces.IsCompleted, "pieces give other events");
    }

    public static void Cut(byte[] bytes, Throws throws) => Claim.That(!Read(bytes, throws).IsCompleted, "a stream that was cut is complete");

    /// <summary>Where the last frame ends, less a byte: what was cut before has no finish reason.</summary>
    public static int End(byte[] stream)
    {
        var last = 0;
        for (var from = 0; GrpcFrame.TryRead(stream.AsSpan(from), MostBytes, out var frame, out _); from += frame.Length)
            last = from + frame.Length;
        return last;
    }

    private static Recorder Read(byte[] bytes, Throws? pieces)
    {
        var (reader, recorder) = (GrpcUpstream.Instance.NewStreamReader(), new Recorder());
        int from = 0, to = 0;
        while (to < bytes.Length && !reader.HasEnded)
        {
            to = pieces is null ? bytes.Length : Math.Min(bytes.Length, to + 1 + pieces.Upto(200));
            Failure? failure;
            while (GrpcFrame.TryRead(bytes.AsSpan(from, to - from), MostBytes, out var frame, out failure))
            {
                from += frame.Length;
                reader.Read(new SseFrame { Data = frame.Message, HasData = true }, recorder);
            }
            if (failure is null)
                continue;
            if (!reader.HasEnded)
                recorder.On(new ChatEvent.Failed(failure));
            return recorder;
        }
        // The host ends a call with OK only behind its last whole frame.
        if (!reader.HasEnded && from < bytes.Length)
            recorder.On(new ChatEvent.Failed(Failure.Broken("end", "A frame was cut.")));
        else
            reader.EndOfBody(recorder);
        return recorder;
    }
}
