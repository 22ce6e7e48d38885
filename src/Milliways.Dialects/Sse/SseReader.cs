using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Sse;

/// <summary>
/// Finds the frames of an event stream in bytes the caller keeps (dialects 6.2): give all unconsumed bytes each time, consume
/// <see cref="SseFrame.Length"/> of them after each frame. What was already searched is remembered, so that a frame that comes in many pieces
/// is searched once. LF, CR and CRLF end lines, mixed too; a frame ended by a CR at the end of the buffer is given at once, and an LF that
/// follows belongs to the next frame.
/// </summary>
public sealed class SseReader(int maxFrameBytes = SseReader.DefaultMaxFrameBytes)
{
    public const int DefaultMaxFrameBytes = 16 * 1024 * 1024;

    private ArrayBufferWriter<byte>? joined;
    private int searched;
    private int lineStart;
    private int dataStart;
    private int dataLength;
    private int dataLines;
    private int eventStart;
    private int eventLength;
    private bool comment;
    private bool skipLineFeed;
    private bool begun;

    /// <summary>Set when a frame is larger than allowed; no frame is given any more.</summary>
    public Failure? Failure { get; private set; }

    /// <summary>The next whole frame, or false when more bytes are needed.</summary>
    public bool TryReadFrame(ReadOnlySpan<byte> buffer, out SseFrame frame)
    {
        frame = default;
        if (Failure is not null || !Begin(buffer)) return false;

        while (true)
        {
            var found = buffer[searched..].IndexOfAny((byte)'\n', (byte)'\r');
            if (found < 0) break;

            var lineEnd = searched + found;
            var next = lineEnd + 1;
            var isCarriageReturn = buffer[lineEnd] == (byte)'\r';
            var pending = isCarriageReturn && next == buffer.Length;
            if (isCarriageReturn && !pending && buffer[next] == (byte)'\n') next++;

            var isBlank = lineEnd == lineStart;
            if (!isBlank) TakeLine(buffer, lineEnd);
            searched = lineStart = next;
            if (pending) skipLineFeed = true;
            if (isBlank)
            {
                if (next > maxFrameBytes) return TooLarge();
                frame = Take(buffer, next);
                return true;
            }

            if (pending) break;
        }

        if (lineStart < buffer.Length && !skipLineFeed) searched = buffer.Length;
        return buffer.Length > maxFrameBytes && TooLarge();
    }

    /// <summary>At the end of the body: what is left, when it holds data, although no blank line closed it.</summary>
    public bool TryReadLast(ReadOnlySpan<byte> buffer, out SseFrame frame)
    {
        if (TryReadFrame(buffer, out frame)) return true;
        if (Failure is not null || buffer.IsEmpty) return false;
        if (lineStart < buffer.Length) TakeLine(buffer, buffer.Length);
        frame = Take(buffer, buffer.Length);
        return frame.HasData;
    }

    /// <summary>A byte order mark at the start of the stream, and the LF of a CR that ended the last buffer, are no content.</summary>
    private bool Begin(ReadOnlySpan<byte> buffer)
    {
        if (!begun)
        {
            var mark = "\uFEFF"u8;
            if (buffer.Length < mark.Length && mark.StartsWith(buffer)) return false;
            begun = true;
            if (buffer.StartsWith(mark)) searched = lineStart = mark.Length;
        }

        if (skipLineFeed && lineStart < buffer.Length)
        {
            skipLineFeed = false;
            if (buffer[lineStart] == (byte)'\n') lineStart++;
            searched = lineStart;
        }

        return true;
    }

    private void TakeLine(ReadOnlySpan<byte> buffer, int lineEnd)
    {
        var line = buffer[lineStart..lineEnd];
        if (line[0] == (byte)':')
        {
            comment = true;
            return;
        }

        var isData = line.StartsWith("data"u8);
        if (!isData && !line.StartsWith("event"u8)) return;
        var name = isData ? 4 : 5;
        if (line.Length > name && line[name] != (byte)':') return;
        var value = Math.Min(name + 1, line.Length);
        if (value < line.Length && line[value] == (byte)' ') value++;

        if (!isData)
        {
            (eventStart, eventLength) = (lineStart + value, line.Length - value);
            return;
        }

        if (dataLines++ == 0)
        {
            (dataStart, dataLength) = (lineStart + value, line.Length - value);
            return;
        }

        joined ??= new ArrayBufferWriter<byte>();
        if (dataLines == 2)
        {
            joined.ResetWrittenCount();
            joined.Write(buffer.Slice(dataStart, dataLength));
        }

        joined.Write("\n"u8);
        joined.Write(line[value..]);
    }

    private SseFrame Take(ReadOnlySpan<byte> buffer, int length)
    {
        var frame = new SseFrame
        {
            Event = buffer.Slice(eventStart, eventLength),
            Data = dataLines > 1 ? joined!.WrittenSpan : buffer.Slice(dataStart, dataLength),
            HasData = dataLines > 0,
            IsComment = comment && dataLines == 0,
            Length = length,
        };
        searched = lineStart = dataStart = dataLength = dataLines = eventStart = eventLength = 0;
        comment = false;
        return frame;
    }

    private bool TooLarge()
    {
        Failure = Failure.Broken("stream", "The upstream sent an event that is larger than the gateway reads.");
        return false;
    }
}
