using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Api.Grpc;

/// <summary>
/// A chat request as the JSON that xAI's REST API has for it: what gates, checks, limits, credits and the log look into, so that they see the same as of a REST
/// request and know nothing of protobuf. No upstream is sent it: it takes everything, whatever an upstream can express.
/// </summary>
internal static class GrpcBody
{
    private static readonly string[] Never = [];

    /// <summary>A failure when the conversation cannot be put together at all.</summary>
    public static Reading<byte[]> Of(ChatRequest request)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        var options = new ChatWriteOptions
        {
            Model = request.Model, MaxStops = int.MaxValue, LiveSearch = true, PromptCacheKey = true, Verbosity = true, CustomTools = true, ReasoningInHistory = true, ImagesInToolMessages = true,
        };
        var plain = request with { HostedTools = [], Sealed = Never, EncryptedReasoning = false };
        if (RequestWriter.Write(plain, options, body, new HashSet<string>()) is { } wrong)
            return wrong;
        return request.HostedTools.Count == 0 ? body.WrittenSpan.ToArray() : WithHosted(body.WrittenMemory, request.HostedTools);
    }

    /// <summary>With the tools that run at the upstream among the others: their types are what counts.</summary>
    private static byte[] WithHosted(ReadOnlyMemory<byte> body, IReadOnlyList<HostedTool> hosted)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 320 });
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { MaxDepth = 320 }))
        {
            writer.WriteStartObject();
            foreach (var member in document.RootElement.EnumerateObject())
                if (!member.NameEquals("tools"u8))
                    member.WriteTo(writer);
            writer.WriteStartArray("tools"u8);
            if (document.RootElement.TryGetProperty("tools"u8, out var tools))
                foreach (var tool in tools.EnumerateArray())
                    tool.WriteTo(writer);
            foreach (var tool in hosted)
                tool.Definition.WriteTo(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return output.ToArray();
    }
}
