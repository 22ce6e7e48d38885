using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A message with its head: a byte that tells whether it is compressed, which ours are not, and its length, big-endian (xai-api 3.1).</summary>
public static class GrpcFrame
{
    public const int HeadLength = 5;

    public static void Write(IBufferWriter<byte> output, IMessage message) => TryWrite(output, message, int.MaxValue);

    /// <param name="output">Takes the frame.</param>
    /// <param name="message">What it carries.</param>
    /// <param name="mostBytes">The most bytes of the message; false, and nothing is written, when it has more.</param>
    public static bool TryWrite(IBufferWriter<byte> output, IMessage message, int mostBytes)
    {
        var size = message.CalculateSize();
        if (size > mostBytes) return false;
        var span = output.GetSpan(HeadLength + size);
        span[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(span[1..], size);
        message.WriteTo(span.Slice(HeadLength, size));
        output.Advance(HeadLength + size);
        return true;
    }

    /// <summary>
    /// A message that is larger than what is sent: clients have a bound too, and one that goes over it costs them the whole call. What was asked for is too much, and it would
    /// be at any upstream: it is tried nowhere else, and says nothing of the one that answered.
    /// </summary>
    /// <param name="mostBytes">The most bytes of one message.</param>
    public static Failure TooLarge(int mostBytes) => new(FailureKind.PayloadTooLarge, FailureParty.Client, "answer",
        string.Create(CultureInfo.InvariantCulture, $"The answer is larger than {mostBytes} bytes, the most of one message (grpc.maxMessageBytes): ask for less, or for images as URLs."));

    /// <summary>The first frame of an upstream's bytes; false when it is not whole yet, or with a failure when it never will be.</summary>
    /// <param name="bytes">What has come and is not consumed.</param>
    /// <param name="mostBytes">The longest message that is taken.</param>
    /// <param name="frame">Valid as long as the bytes are.</param>
    /// <param name="failure">What is wrong with the head.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int mostBytes, out ReadGrpcFrame frame, out Failure? failure)
    {
        frame = default;
        failure = null;
        if (bytes.Length < HeadLength) return false;
        var size = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        if (bytes[0] > 1) failure = Failure.Broken("stream", "The upstream's stream is not readable.");
        else if (size > mostBytes) failure = Failure.Broken("stream", $"The upstream sent a message of {size} bytes; {mostBytes} are taken at most.");
        if (failure is not null || bytes.Length - HeadLength < size) return false;
        frame = new ReadGrpcFrame { IsCompressed = bytes[0] == 1, Message = bytes.Slice(HeadLength, (int)size), Length = HeadLength + (int)size };
        return true;
    }
}

/// <summary>A message as it came, without its head.</summary>
public readonly ref struct ReadGrpcFrame
{
    /// <summary>By the encoding that <c>grpc-encoding</c> names.</summary>
    public bool IsCompressed { get; init; }

    public ReadOnlySpan<byte> Message { get; init; }

    /// <summary>How many bytes from the start of the buffer belong to the frame, its head included.</summary>
    public int Length { get; init; }
}
