namespace Milliways.Dialects.Sse;

/// <summary>One frame of an event stream. The spans are valid until the next call of the reader or a change of the caller's buffer.</summary>
public readonly ref struct SseFrame
{
    /// <summary>The value of the last <c>event:</c> line; empty when there was none.</summary>
    public ReadOnlySpan<byte> Event { get; init; }

    /// <summary>All <c>data:</c> lines joined with LF, at most one leading space taken from each.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>False for a frame that clients never see: comments, blank lines, a lone <c>event:</c>, <c>id:</c> or <c>retry:</c>.</summary>
    public bool HasData { get; init; }

    /// <summary>There was a comment line and no data: a sign of life.</summary>
    public bool IsComment { get; init; }

    /// <summary>How many bytes from the start of the buffer belong to this frame, its blank line included.</summary>
    public int Length { get; init; }

    /// <summary>Data is exactly <c>[DONE]</c> between blanks (dialects 6.2).</summary>
    public bool IsDone => Data.Trim((byte)' ').SequenceEqual("[DONE]"u8);
}
