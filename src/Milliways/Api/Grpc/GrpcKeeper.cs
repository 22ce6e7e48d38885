using System.Buffers;
using System.Text.Json;
using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Stored;
using GrpcReader = Milliways.Dialects.XaiGrpc.RequestReader;

namespace Milliways.Api.Grpc;

/// <summary>Keeps the answer to one request with <c>store_messages</c>, as /v1/responses keeps its own.</summary>
internal sealed class GrpcKeeper(StoredResponses responses, GetCompletionsRequest message) : IAnswerKeeper, IAnswerListener
{
    private byte[]? _response;
    private string _id = "";

    public void Answered(ChatFold fold, AnswerFacts facts, long? cost)
    {
        var output = new ArrayBufferWriter<byte>();
        // What the message repeats in its own answer is no member of Responses.
        ResponsesDialect.Instance.WriteAnswer(fold, facts with { Request = facts.Request with { Repeated = new Dictionary<string, JsonElement>() } }, output, cost);
        (_response, _id) = (output.WrittenSpan.ToArray(), facts.Id);
    }

    public async ValueTask KeepAsync(Exchange exchange, ReadOnlyMemory<byte> tail)
    {
        var previous = message.HasPreviousResponseId ? message.PreviousResponseId : null;
        if (_response is not { } response || Input() is not { } input || response.Length + input.Length > AnswerStore.MostBytes)
            return;
        await responses.PutAsync(new StoredAnswer(StoredKind.Response, exchange.Key!.Team.Account, _id)
        {
            Body = ResponseObject.With(response, ("store", "true"), ("previous_response_id", previous is null ? "null" : ResponseObject.Quote(previous))),
            Input = input,
            Previous = previous,
        });
    }

    /// <summary>The request's own messages as Responses' items; null when they have no form there.</summary>
    private byte[]? Input()
    {
        var own = new GetCompletionsRequest { Model = message.Model };
        own.Messages.AddRange(message.Messages);
        var (turns, body) = (GrpcReader.Read(own), new ArrayBufferWriter<byte>());
        if (!turns.IsOk || ResponsesDialect.Instance.WriteRequest(turns.Value with { Sealed = [] }, new UpstreamTarget(message.Model), body, new HashSet<string>()) is not null)
            return null;
        using var request = ResponseObject.Parse(body.WrittenSpan);
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { MaxDepth = 320 }))
        {
            writer.WriteStartArray();
            // Responses forgets instructions with every turn; a system message over gRPC is a message as any other.
            if (request.RootElement.TryGetProperty("instructions"u8, out var instructions))
                WriteSystem(writer, instructions);
            foreach (var item in request.RootElement.GetProperty("input"u8).EnumerateArray())
                item.WriteTo(writer);
            writer.WriteEndArray();
        }
        return output.ToArray();
    }

    private static void WriteSystem(Utf8JsonWriter writer, JsonElement text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "system"u8);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_text"u8);
        writer.WritePropertyName("text"u8);
        text.WriteTo(writer);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
