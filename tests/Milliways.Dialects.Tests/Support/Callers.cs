using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Answers as a caller's dialect writes them, through the interface that fronts use.</summary>
public static class Callers
{
    public static ChatRequest Read(ICallerDialect caller, string json)
    {
        var reading = caller.ReadRequest(Encoding.UTF8.GetBytes(json));
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return reading.Value!;
    }

    public static Failure? Refusal(ICallerDialect caller, string json) => caller.ReadRequest(Encoding.UTF8.GetBytes(json)).Failure;

    public static AnswerFacts Facts(ChatRequest request, Flavour flavour = Flavour.OpenAi) => new("id-1", "m", 1735000000, request) { Flavour = flavour };

    public static string Whole(ICallerDialect caller, ChatRequest request, IEnumerable<ChatEvent> events, Flavour flavour = Flavour.OpenAi)
    {
        var output = new ArrayBufferWriter<byte>();
        caller.WriteAnswer(Wire.Fold(events), Facts(request, flavour), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string Stream(ICallerDialect caller, ChatRequest request, IEnumerable<ChatEvent> events, Flavour flavour = Flavour.OpenAi)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = caller.NewStreamWriter(output, Facts(request, flavour));
        foreach (var each in events) writer.On(each);
        writer.WriteTail(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
