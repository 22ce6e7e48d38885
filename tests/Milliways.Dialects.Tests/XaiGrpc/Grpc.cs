using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>Messages and frames for tests; messages are written as protobuf's JSON.</summary>
internal static class Grpc
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    public static T Message<T>(string json) where T : IMessage, new() => Parser.Parse<T>(json);

    public static string User(string members) => $$"""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Hi"}]}],{{members}}}""";

    public static Reading<ChatRequest> Read(string json, GrpcReadOptions? options = null) => Dialects.XaiGrpc.RequestReader.Read(Message<GetCompletionsRequest>(json).ToByteArray(), options);

    public static ChatRequest Request(string json, GrpcReadOptions? options = null)
    {
        var reading = Read(json, options);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return reading.Value!;
    }

    public static AnswerFacts Facts(ChatRequest? request = null) =>
        new("id-1", "m", 1735000000, request ?? Request(User("\"n\":1"))) { Flavour = Flavour.Xai, Fingerprint = "fp_1", InputEstimate = 7 };

    public static List<GetChatCompletionChunk> Stream(IEnumerable<ChatEvent> events, ChatRequest? request = null, long? ticks = null, ChatUsage? usage = null)
    {
        var (output, tail) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var writer = XaiGrpcDialect.Streamed.NewStreamWriter(output, Facts(request));
        foreach (var each in events) writer.On(each);
        writer.WriteTail(tail, usage, ticks);
        Assert.Single(Frames(tail.WrittenSpan));
        return [.. Frames(output.WrittenSpan).Concat(Frames(tail.WrittenSpan)).Select(GetChatCompletionChunk.Parser.ParseFrom)];
    }

    public static GetChatCompletionResponse Whole(IEnumerable<ChatEvent> events, ChatRequest? request = null, long? ticks = null)
    {
        var output = new ArrayBufferWriter<byte>();
        XaiGrpcDialect.Instance.WriteAnswer(Wire.Fold(events), Facts(request), output, ticks);
        return GetChatCompletionResponse.Parser.ParseFrom(Assert.Single(Frames(output.WrittenSpan)));
    }

    /// <summary>The turns that a client's messages are.</summary>
    public static IReadOnlyList<ChatMessage> Turns(IEnumerable<Message> messages) => Dialects.XaiGrpc.RequestReader.Read(new GetCompletionsRequest { Model = "m", Messages = { messages } }).Value!.Messages;

    /// <summary>An answer as xai-sdk sends it back with the next question (xai-api 3.3, Replay).</summary>
    public static IEnumerable<Message> Replayed(GetChatCompletionResponse answer) => answer.Outputs.Select(output => new Message
    {
        Role = MessageRole.RoleAssistant, Content = { new Content { Text = output.Message.Content } }, ReasoningContent = output.Message.ReasoningContent,
        EncryptedContent = output.Message.EncryptedContent, ToolCalls = { output.Message.ToolCalls },
    });

    /// <summary>The messages of uncompressed frames, none cut.</summary>
    public static List<byte[]> Frames(ReadOnlySpan<byte> bytes)
    {
        var frames = new List<byte[]>();
        while (!bytes.IsEmpty)
        {
            Assert.Equal(0, bytes[0]);
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[1..]);
            frames.Add(bytes.Slice(GrpcFrame.HeadLength, length).ToArray());
            bytes = bytes[(GrpcFrame.HeadLength + length)..];
        }

        return frames;
    }

    public static Recorder ReadStream(IEnumerable<byte[]> messages)
    {
        var (reader, sink) = (new Dialects.XaiGrpc.StreamReader(), new Recorder());
        foreach (var message in messages) reader.Read(message, sink);
        reader.EndOfBody(sink);
        return sink;
    }

    public static Recorder ReadAnswer(byte[] message)
    {
        var sink = new Recorder();
        Dialects.XaiGrpc.AnswerReader.Read(message, sink);
        return sink;
    }
}
