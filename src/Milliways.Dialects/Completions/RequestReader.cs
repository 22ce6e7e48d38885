using System.Collections.Frozen;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.Completions;

/// <summary>A text completion's request (xai-api 1.4). What would change the text and cannot be had is refused by name.</summary>
public static class RequestReader
{
    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
    [
        "model", "prompt", "max_tokens", "n", "temperature", "top_p", "seed", "user", "echo", "stop", "stream", "stream_options", "logprobs",
        "presence_penalty", "frequency_penalty", "best_of", "logit_bias", "suffix",
    ]);

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
        var (logprobs, top) = ReadLogprobs(root["logprobs"]);
        var request = new ChatRequest
        {
            Model = root["model"].RequiredText(),
            Messages = [new ChatMessage(ChatRole.User, [new ChatPart.Text(ReadPrompt(root["prompt"]))])],
            MaxOutputTokens = root["max_tokens"].Int(1),
            N = root["n"].Int(1, 128) ?? 1,
            Temperature = root["temperature"].Number(0, 2),
            TopP = root["top_p"].Number(0, 1),
            FrequencyPenalty = root["frequency_penalty"].Number(-2, 2),
            PresencePenalty = root["presence_penalty"].Number(-2, 2),
            LogitBias = SamplingReader.Bias(root["logit_bias"].Object()),
            Seed = root["seed"].Whole(),
            Stop = SamplingReader.Stop(root["stop"]),
            Logprobs = logprobs,
            TopLogprobs = top,
            User = root["user"].Text(),
            Echo = root["echo"].Flag() ?? false,
            Stream = root["stream"].Flag() ?? false,
            IncludeUsage = root["stream_options"].Object()["include_usage"].Flag() ?? false,
            Other = RequestPieces.Others(root.Value, Known),
        };
        Refuse(root, request);
        return request;
    }

    private static void Refuse(JsonField root, ChatRequest request)
    {
        if (root["suffix"].Text() is { Length: > 0 })
            root.Reading.Fail(Failure.Unsupported("suffix is not supported: text is completed at its end only.", "suffix"));
        if (root["best_of"].Int(1, 128) is { } best && best != request.N)
            root.Reading.Fail(Failure.Unsupported("best_of is not supported unless it equals n.", "best_of"));
        if (request is { Echo: true, Logprobs: true })
            root.Reading.Fail(Failure.Unsupported("logprobs of an echoed prompt are not supported: leave out echo or logprobs.", "echo"));
    }

    /// <summary>A text, or a list of one text. Several prompts would be several conversations, and token ids are a vocabulary's own.</summary>
    private static string ReadPrompt(JsonField prompt)
    {
        if (!prompt.IsPresent) prompt.Reading.Missing(prompt.Path);
        var text = prompt;
        if (prompt.IsArray)
        {
            if (prompt.Value.GetArrayLength() != 1 || prompt.Value[0].ValueKind != JsonValueKind.String)
            {
                prompt.Reading.Fail(Failure.Unsupported("prompt must be one text: lists of prompts and of token ids are not supported.", "prompt"));
                return "";
            }

            text = prompt.Items().First();
        }

        var value = text.Text() ?? "";
        if (text.IsText && value.Length == 0) prompt.Reading.OutOfRange(prompt.Path, "a non-empty text");
        return value;
    }

    /// <summary>A count of 0 to 5 (OpenAI), or a boolean (xAI's description). 0 asks for the chosen tokens only.</summary>
    private static (bool IsWanted, int? Top) ReadLogprobs(JsonField logprobs)
    {
        if (logprobs.Value.ValueKind is JsonValueKind.True or JsonValueKind.False) return (logprobs.Flag() == true, null);
        var count = logprobs.Int(0, 5);
        return (count is not null, count);
    }
}
