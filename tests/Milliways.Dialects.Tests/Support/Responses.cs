using System.Buffers;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Streams, answers and requests of OpenAI's Responses through its readers and writers.</summary>
public static class Responses
{
    public static ChatRequest Asked { get; } = new()
    {
        Model = "m", Messages = [new ChatMessage(ChatRole.User, [new ChatPart.Text("hi")])], EncryptedReasoning = true,
    };

    public static AnswerFacts Facts(Flavour flavour = Flavour.OpenAi, ChatRequest? request = null) =>
        new(flavour == Flavour.Xai ? "0193ffff-aaaa-7bbb-8ccc-000000000001" : "resp_1", "m", 1735000000, request ?? Asked) { Flavour = flavour };

    public static string Write(IEnumerable<ChatEvent> events, Flavour flavour = Flavour.OpenAi, ChatRequest? request = null, long? ticks = null)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Dialects.OpenAiResponses.StreamWriter(output, Facts(flavour, request));
        Failure? failure = null;
        foreach (var each in events)
        {
            if (each is ChatEvent.Failed failed) failure = failed.Failure;
            else writer.On(each);
        }

        if (failure is null) writer.WriteTail(output, null, ticks);
        else writer.WriteFailure(failure, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string WriteAnswer(ChatFold fold, Flavour flavour = Flavour.OpenAi, ChatRequest? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        ResponseWriter.Write(fold, Facts(flavour, request), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static Recorder Read(string stream, IReadOnlyList<int>? pieces = null)
    {
        var (reader, sink) = (new Dialects.OpenAiResponses.StreamReader(), new Recorder());
        Wire.Frames(Encoding.UTF8.GetBytes(stream), pieces, (in frame) => reader.Read(frame, sink));
        reader.EndOfBody(sink);
        return sink;
    }

    public static Recorder ReadAnswer(string body)
    {
        var sink = new Recorder();
        ResponseReader.Read(Encoding.UTF8.GetBytes(body), sink);
        return sink;
    }

    /// <summary>Events from their JSON, one frame each.</summary>
    public static string Stream(params string[] events) =>
        string.Concat(events.Select(each => $"event: {JsonDocument.Parse(each).RootElement.GetProperty("type")}\ndata: {each}\n\n"));

    public static ChatRequest Request(string json, ResponsesReadOptions? options = null)
    {
        var reading = RequestReader.Read(Encoding.UTF8.GetBytes(json), options);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return reading.Value!;
    }

    public static Failure Refusal(string json, ResponsesReadOptions? options = null)
    {
        var reading = RequestReader.Read(Encoding.UTF8.GetBytes(json), options);
        Assert.False(reading.IsOk);
        return reading.Failure!;
    }

    public static Requests.Written Upstream(ChatRequest request, ResponsesWriteOptions? options = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var dropped = new List<string>();
        var failure = RequestWriter.Write(request, options ?? new ResponsesWriteOptions { Model = request.Model }, output, dropped);
        return new Requests.Written(failure, output.WrittenSpan.ToArray(), dropped);
    }

    /// <summary>The parts of an answer without boundaries that the dialect does not have: reasoning in a row is one.</summary>
    public static string Parts(ChatFold fold) => string.Join('\n', fold.Choices.Select(choice => choice.Reason + " " + string.Join(" | ", choice.Parts.Select(Texts.Of))))
        + $"\n{fold.Usage} {fold.IsComplete} {fold.Failure}";
}
