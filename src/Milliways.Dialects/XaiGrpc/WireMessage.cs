using Google.Protobuf;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Messages from bytes that nobody vouches for.</summary>
public static class WireMessage
{
    /// <summary>
    /// A message without its frame's head. Fields that we do not know are skipped: a newer client may send them. Bytes that are no such message, that nest
    /// more than 100 deep or hold more than 200,000 parts are a failure of the client's (INVALID_ARGUMENT).
    /// </summary>
    public static Reading<T> Read<T>(ReadOnlySpan<byte> message) where T : class, IMessage<T>, new()
    {
        if (WireBounds.Check(message, Of<T>.Parser.Descriptor) is { } wrong) return Refused<T>(wrong);
        try
        {
            return Of<T>.Parser.Message.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            return Refused<T>("its fields are not those of the message");
        }
    }

    private static Failure Refused<T>(string why) where T : class, IMessage<T>, new() =>
        Failure.Invalid($"The message is not a valid {Of<T>.Parser.Descriptor.FullName}: {why}.");

    private static class Of<T> where T : class, IMessage<T>, new()
    {
        public static readonly (MessageParser<T> Message, Google.Protobuf.Reflection.MessageDescriptor Descriptor) Parser =
            (new MessageParser<T>(() => new T()).WithDiscardUnknownFields(true), new T().Descriptor);
    }
}
