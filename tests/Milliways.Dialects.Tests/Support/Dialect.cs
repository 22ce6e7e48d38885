using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Keeps every event, checks their order, and folds them.</summary>
public sealed class Recorder : IChatEventSink
{
    private bool hasEnded;

    public List<ChatEvent> Events { get; } = [];

    public ChatFold Fold { get; } = new();

    public void On(ChatEvent chatEvent)
    {
        Assert.False(hasEnded, "an event after the end: " + chatEvent);
        if (chatEvent is ChatEvent.Started) Assert.DoesNotContain(Events, other => other is ChatEvent.Started);
        else if (chatEvent is not ChatEvent.Failed) Assert.Contains(Events, other => other is ChatEvent.Started);
        hasEnded = chatEvent is ChatEvent.Completed or ChatEvent.Failed;
        Events.Add(chatEvent);
        Fold.On(chatEvent);
    }

    public IEnumerable<T> Of<T>() => Events.OfType<T>();
}

/// <summary>Whole streams and answers through readers and writers, in any pieces.</summary>
public static class Wire
{
    public static Dialects.OpenAiChat.OpenAiWriteOptions Chat(Flavour flavour, bool usage = true) => new()
    {
        Flavour = flavour, Id = "chatcmpl-1", Model = "m", Created = 1735000000, IncludeUsage = usage,
        Fingerprint = flavour == Flavour.Xai ? "fp_0123456789" : null,
    };

    public static Dialects.Anthropic.AnthropicWriteOptions Messages { get; } = new() { Id = "msg_1", Model = "m", InputEstimate = 10, KnowsContextFull = true };

    public static Recorder ReadChat(string stream, IReadOnlyList<int>? pieces = null)
    {
        var (reader, sink) = (new Dialects.OpenAiChat.StreamReader(), new Recorder());
        Frames(Encoding.UTF8.GetBytes(stream), pieces, (in frame) => reader.Read(frame, sink));
        reader.EndOfBody(sink);
        return sink;
    }

    public static Recorder ReadMessages(string stream, IReadOnlyList<int>? pieces = null)
    {
        var (reader, sink) = (new Dialects.Anthropic.StreamReader(), new Recorder());
        Frames(Encoding.UTF8.GetBytes(stream), pieces, (in frame) => reader.Read(frame, sink));
        reader.EndOfBody(sink);
        return sink;
    }

    public static Recorder ReadChatAnswer(string body)
    {
        var sink = new Recorder();
        Dialects.OpenAiChat.ResponseReader.Read(Encoding.UTF8.GetBytes(body), sink);
        return sink;
    }

    public static Recorder ReadMessage(string body)
    {
        var sink = new Recorder();
        Dialects.Anthropic.ResponseReader.Read(Encoding.UTF8.GetBytes(body), sink);
        return sink;
    }

    public static string WriteChat(IEnumerable<ChatEvent> events, Flavour flavour, bool usage = true, long? ticks = null)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Dialects.OpenAiChat.StreamWriter(output, Chat(flavour, usage));
        Failure? failure = null;
        foreach (var each in events)
        {
            writer.On(each);
            if (each is ChatEvent.Failed failed) failure = failed.Failure;
        }

        if (failure is null) writer.WriteTail(output, null, ticks);
        else writer.WriteFailure(failure, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string WriteMessages(IEnumerable<ChatEvent> events, long? ticks = null)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Dialects.Anthropic.StreamWriter(output, Messages);
        Failure? failure = null;
        foreach (var each in events)
        {
            writer.On(each);
            if (each is ChatEvent.Failed failed) failure = failed.Failure;
        }

        if (failure is null) writer.WriteTail(output, null, ticks);
        else writer.WriteFailure(failure, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string WriteChatAnswer(ChatFold fold, Flavour flavour)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialects.OpenAiChat.ResponseWriter.Write(fold, Chat(flavour), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string WriteMessage(ChatFold fold)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialects.Anthropic.ResponseWriter.Write(fold, Messages, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static ChatFold Fold(IEnumerable<ChatEvent> events)
    {
        var fold = new ChatFold();
        foreach (var each in events) fold.On(each);
        return fold;
    }

    public delegate void Taker(in SseFrame frame);

    /// <summary>Gives bytes in pieces of the given sizes, over and over; all at once without sizes.</summary>
    public static void Frames(byte[] bytes, IReadOnlyList<int>? pieces, Taker take)
    {
        var reader = new SseReader();
        int from = 0, to = 0, turn = 0;
        while (to < bytes.Length)
        {
            to = pieces is { Count: > 0 } ? Math.Min(bytes.Length, to + Math.Max(1, pieces[turn++ % pieces.Count])) : bytes.Length;
            while (reader.TryReadFrame(bytes.AsSpan(from, to - from), out var frame))
            {
                take(frame);
                from += frame.Length;
            }
        }

        if (reader.TryReadLast(bytes.AsSpan(from), out var last)) take(last);
    }
}
