using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Milliways.Exchanges.Relays;

/// <summary>
/// Puts the charge into the usage of an answer that is relayed as bytes (docs/edits.md): <c>cost_in_usd_ticks</c> as xAI has it (xai-api 1.3.6), in the place of an
/// upstream's own, which is what it takes from the operator.
/// </summary>
internal static class CostEdit
{
    private static ReadOnlySpan<byte> Name => "cost_in_usd_ticks"u8;

    /// <summary>Writes the bytes with the cost in them; as they are when they tell no usage.</summary>
    /// <param name="json">An answer, or the data of an event.</param>
    /// <param name="cost">In ticks.</param>
    /// <param name="output">Where they go.</param>
    public static void Write(ReadOnlySpan<byte> json, long cost, IBufferWriter<byte> output)
    {
        if (Find(json) is { } place)
            Write(json, place, cost, output);
        else
            output.Write(json);
    }

    /// <summary>The same when it is known where the usage stands, as an object.</summary>
    public static void Write(ReadOnlySpan<byte> json, Range usage, long cost, IBufferWriter<byte> output)
    {
        var (start, length) = usage.GetOffsetAndLength(json.Length);
        var reader = new Utf8JsonReader(json.Slice(start, length), new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        var (at, own, isFirst) = InUsage(ref reader);
        Write(json, (start + at, own, isFirst), cost, output);
    }

    private static void Write(ReadOnlySpan<byte> json, (int Start, int Length, bool IsFirst) place, long cost, IBufferWriter<byte> output)
    {
        output.Write(json[..place.Start]);
        if (place.Length == 0)
            output.Write(place.IsFirst ? "\"cost_in_usd_ticks\":"u8 : ",\"cost_in_usd_ticks\":"u8);
        Span<byte> digits = stackalloc byte[20];
        cost.TryFormat(digits, out var count, provider: CultureInfo.InvariantCulture);
        output.Write(digits[..count]);
        output.Write(json[(place.Start + place.Length)..]);
    }

    /// <summary>The frame of an event stream with the cost in its data, when that stands on one line.</summary>
    public static void WriteFrame(ReadOnlySpan<byte> frame, long cost, IBufferWriter<byte> output)
    {
        var start = frame.IndexOf((byte)'{');
        var end = frame.LastIndexOf((byte)'}') + 1;
        if (start < 0 || end <= start || frame[start..end].IndexOfAny((byte)'\r', (byte)'\n') >= 0)
        {
            output.Write(frame);
            return;
        }
        output.Write(frame[..start]);
        Write(frame[start..end], cost, output);
        output.Write(frame[end..]);
    }

    /// <summary>The usage stands at the top, or in the response that an event carries.</summary>
    private static (int Start, int Length, bool IsFirst)? Find(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        (int Start, int Length, bool IsFirst)? found = null;
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = reader.ValueTextEquals("usage"u8);
                var isResponse = reader.ValueTextEquals("response"u8);
                reader.Read();
                if (isUsage && reader.TokenType == JsonTokenType.StartObject)
                    found = InUsage(ref reader);
                else if (isResponse && reader.TokenType == JsonTokenType.StartObject)
                    found = InResponse(ref reader) ?? found;
                else
                    reader.Skip();
            }
        }
        catch (JsonException)
        {
            return null; // whoever reads it says so
        }
        return found;
    }

    private static (int Start, int Length, bool IsFirst)? InResponse(ref Utf8JsonReader reader)
    {
        (int Start, int Length, bool IsFirst)? found = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("usage"u8);
            reader.Read();
            if (isUsage && reader.TokenType == JsonTokenType.StartObject)
                found = InUsage(ref reader);
            else
                reader.Skip();
        }
        return found;
    }

    private static (int Start, int Length, bool IsFirst) InUsage(ref Utf8JsonReader reader)
    {
        (int Start, int Length, bool IsFirst)? own = null;
        var isFirst = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isCost = reader.ValueTextEquals(Name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isCost)
                own = (start, (int)reader.BytesConsumed - start, false);
            isFirst = false;
        }
        return own ?? ((int)reader.TokenStartIndex, 0, isFirst);
    }
}
