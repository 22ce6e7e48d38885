using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>A request of /v1/complete (dialects 2.10; xai-api 1.5).</summary>
public static class RequestReader
{
    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
        ["model", "prompt", "max_tokens_to_sample", "stop_sequences", "temperature", "top_p", "top_k", "metadata", "stream"]);

    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> utf8Json)
    {
        using var document = JsonReading.Parse(utf8Json, out var failure);
        if (document is null) return failure!;
        var reading = new JsonReading();
        var request = Read(new JsonField(document.RootElement, JsonPath.Root, reading));
        return reading.Failure is { } wrong ? wrong : request;
    }

    private static ChatRequest Read(JsonField root)
    {
        var most = root["max_tokens_to_sample"];
        if (!most.IsPresent) most.Reading.Missing(most.Path);
        var turns = Prompt.Turns(root["prompt"].RequiredText());
        if (root["prompt"].IsText && !turns.Exists(turn => turn.Role == ChatRole.User))
            root.Reading.OutOfRange(root["prompt"].Path, "a text with at least one \"\\n\\nHuman:\" turn");
        return new ChatRequest
        {
            Model = root["model"].RequiredText(),
            Messages = turns,
            MaxOutputTokens = most.Int(1),
            StopName = "stop_sequences",
            Stop = [.. root["stop_sequences"].Items().Select(item => item.RequiredText())],
            Temperature = root["temperature"].Number(0, 2),
            TopP = root["top_p"].Number(0, 1),
            TopK = root["top_k"].Int(-1),
            UserName = "metadata.user_id",
            User = root["metadata"].Object()["user_id"].Text(),
            Stream = root["stream"].Flag() ?? false,
            Other = RequestPieces.Others(root.Value, Known),
        };
    }
}
