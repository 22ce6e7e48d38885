using System.Text.Unicode;
using Google.Protobuf.Reflection;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// Walks a message's bytes before it is read. Two bytes can make an object of two hundred, so the objects of a message are counted first; and the
/// runtime takes text that is no UTF-8, which the protocol does not.
/// </summary>
internal static class WireBounds
{
    /// <summary>Messages, and items of repeated fields, in one message: a conversation has some thousands at most, and these take about 50 MB.</summary>
    public const int MostItems = 200_000;

    /// <summary>As the runtime has it.</summary>
    private const int MostDepth = 100;

    /// <summary>What is wrong with the bytes, for a client to read; null when nothing is.</summary>
    public static string? Check(ReadOnlySpan<byte> message, MessageDescriptor type)
    {
        var items = 0;
        return Walk(message, type, 0, ref items);
    }

    private static string? Walk(ReadOnlySpan<byte> rest, MessageDescriptor type, int depth, ref int items)
    {
        if (depth > MostDepth) return "it is nested too deeply";
        var groups = 0;
        while (!rest.IsEmpty)
        {
            if (!TryVarint(ref rest, out var tag) || tag >> 3 is 0 or > 0x1FFFFFFF) return "a field has no valid tag";
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    if (!TryVarint(ref rest, out _)) return $"field {number} of {type.Name} is cut off";
                    break;
                case 1 or 5:
                    var size = (tag & 7) == 1 ? 8 : 4;
                    if (rest.Length < size) return $"field {number} of {type.Name} is cut off";
                    rest = rest[size..];
                    break;
                case 2:
                    if (!TryVarint(ref rest, out var length) || length > (ulong)rest.Length) return $"field {number} of {type.Name} is cut off";
                    if (groups == 0 && Look(rest[..(int)length], type, number, depth, ref items) is { } wrong) return wrong;
                    rest = rest[(int)length..];
                    break;
                case 3:
                    if (++groups > MostDepth) return "it is nested too deeply";
                    break;
                case 4:
                    if (--groups < 0) return "a group ends that never began";
                    break;
                default:
                    return $"field {number} of {type.Name} has no valid type";
            }
        }

        return groups == 0 ? null : "a group never ends";
    }

    /// <summary>A field's bytes, when the field is known: others are skipped by the runtime too.</summary>
    private static string? Look(ReadOnlySpan<byte> value, MessageDescriptor type, int number, int depth, ref int items)
    {
        if (type.FindFieldByNumber(number) is not { } field) return null;
        if (field.FieldType == FieldType.Message)
        {
            if (++items > MostItems) return TooMany;
            return Walk(value, field.MessageType, depth + 1, ref items);
        }

        if (field.IsRepeated && (items += field.FieldType is FieldType.String or FieldType.Bytes or FieldType.Float or FieldType.Double ? 1 : value.Length) > MostItems) return TooMany;
        return field.FieldType == FieldType.String && !Utf8.IsValid(value) ? $"{type.Name}.{field.Name} is not valid UTF-8" : null;
    }

    private static string TooMany => $"it has more than {MostItems} parts";

    private static bool TryVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var at = 0; at < rest.Length && at < 10; at++)
        {
            value |= (ulong)(rest[at] & 0x7F) << (7 * at);
            if (rest[at] >= 0x80) continue;
            rest = rest[(at + 1)..];
            return true;
        }

        return false;
    }
}
