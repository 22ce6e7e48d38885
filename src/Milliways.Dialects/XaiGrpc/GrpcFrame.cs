using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A message with its head: a byte that tells whether it is compressed, which ours are not, and its length, big-endian (xai-api 3.1).</summary>
public static class GrpcFrame
{
    public const int HeadLength = 5;

    public static void Write(IBufferWriter<byte> output, IMessage message)
    {
        var size = message.CalculateSize();
        var span = output.GetSpan(HeadLength + size);
        span[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(span[1..], size);
        message.WriteTo(span.Slice(HeadLength, size));
        output.Advance(HeadLength + size);
    }
}
