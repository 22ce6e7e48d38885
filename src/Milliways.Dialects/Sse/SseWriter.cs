using System.Buffers;

namespace Milliways.Dialects.Sse;

/// <summary>Frames as strict clients need them (dialects 6.1): LF only, event before data, one line of data, a blank line after every frame.</summary>
public static class SseWriter
{
    /// <summary>The last frame of a Chat stream.</summary>
    public static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    /// <summary>A sign of life that every decoder ignores.</summary>
    public static ReadOnlySpan<byte> KeepAlive => ": keepalive\n\n"u8;

    /// <summary>Anthropic's sign of life, an event of its dialect (dialects 2.11).</summary>
    public static ReadOnlySpan<byte> Ping => "event: ping\ndata: {\"type\":\"ping\"}\n\n"u8;

    /// <summary><paramref name="json"/> must be one line.</summary>
    public static void Data(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        output.Write("data: "u8);
        output.Write(json);
        output.Write("\n\n"u8);
    }

    /// <inheritdoc cref="Data"/>
    public static void Event(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\n"u8);
        Data(output, json);
    }

    public static void Comment(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        output.Write(": "u8);
        output.Write(text);
        output.Write("\n\n"u8);
    }
}
