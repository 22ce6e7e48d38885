using System.Buffers;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Requests through readers and writers.</summary>
public static class Requests
{
    public sealed record Written(Failure? Failure, byte[] Bytes, List<string> Dropped)
    {
        public string Text => Encoding.UTF8.GetString(Bytes);

        public JsonElement Json => JsonDocument.Parse(Bytes).RootElement.Clone();
    }

    public static Written Chat(ChatRequest request, ChatWriteOptions? options = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var dropped = new List<string>();
        var failure = Dialects.OpenAiChat.RequestWriter.Write(request, options ?? new ChatWriteOptions { Model = request.Model }, output, dropped);
        return new Written(failure, output.WrittenSpan.ToArray(), dropped);
    }

    public static Written Messages(ChatRequest request, MessagesWriteOptions? options = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var dropped = new List<string>();
        var failure = Dialects.Anthropic.RequestWriter.Write(request, options ?? new MessagesWriteOptions { Model = request.Model }, output, dropped);
        return new Written(failure, output.WrittenSpan.ToArray(), dropped);
    }

    public static Reading<ChatRequest> ReadChat(string json) => Dialects.OpenAiChat.RequestReader.Read(Encoding.UTF8.GetBytes(json));

    public static Reading<ChatRequest> ReadMessages(string json) => Dialects.Anthropic.RequestReader.Read(Encoding.UTF8.GetBytes(json));

    /// <summary>A Chat request, as Anthropic would get it.</summary>
    public static Written ChatToMessages(string json, MessagesWriteOptions? options = null)
    {
        var reading = ReadChat(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return Messages(reading.Value!, options);
    }

    /// <summary>A Messages request, as a Chat upstream would get it.</summary>
    public static Written MessagesToChat(string json, ChatWriteOptions? options = null)
    {
        var reading = ReadMessages(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return Chat(reading.Value!, options);
    }
}
