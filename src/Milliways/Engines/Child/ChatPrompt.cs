using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>A neutral request as the engine's, or a failure naming what the engine cannot do.</summary>
internal static class ChatPrompt
{
    public static Failure? Check(ChatRequest request)
    {
        if (request.Logprobs)
            return Failure.Unsupported("The embedded engine gives no logprobs: leave `logprobs` away.", "logprobs");
        if (request.ResponseFormat is { Kind: not ResponseFormatKind.Text })
            return Failure.Unsupported("The embedded engine cannot hold an answer to a format: leave `response_format` away, or use an upstream that can.", "response_format");
        if (request.ToolChoice is { Mode: ToolChoiceMode.Required or ToolChoiceMode.Named })
            return Failure.Unsupported("The embedded engine cannot be made to call a tool: use `tool_choice` \"auto\" or \"none\", or an upstream that can.", "tool_choice");
        return null;
    }

    /// <summary>The turns as role and text, in the order they came. The template knows no tools, so calls and results stand in the text.</summary>
    public static Reading<List<PromptMessage>> Messages(ChatRequest request)
    {
        var messages = new List<PromptMessage>(request.Messages.Count);
        for (var i = 0; i < request.Messages.Count; i++)
        {
            var text = new StringBuilder();
            foreach (var part in request.Messages[i].Parts)
                if (!Append(text, part))
                    return Failure.Unsupported($"The embedded engine reads text only: messages[{i}] has a part of another kind.", $"messages[{i}].content");
            messages.Add(new PromptMessage(Role(request.Messages[i].Role), text.ToString()));
        }
        return messages;
    }

    public static GenerationRequest Generation(ChatRequest request, Prompt prompt, string fairnessKey) => new()
    {
        Prompt = prompt,
        MaxTokens = request.MaxOutputTokens,
        Stop = request.Stop,
        Choices = request.N,
        FairnessKey = fairnessKey,
        Sampling = new SamplingOptions
        {
            Temperature = (float?)request.Temperature,
            TopP = (float?)request.TopP,
            TopK = request.TopK is < 0 ? 0 : request.TopK,
            MinP = (float?)request.MinP,
            FrequencyPenalty = (float?)request.FrequencyPenalty,
            PresencePenalty = (float?)request.PresencePenalty,
            RepeatPenalty = (float?)request.RepetitionPenalty,
            LogitBias = request.LogitBias,
            Seed = request.Seed,
        },
    };

    private static bool Append(StringBuilder text, ChatPart part)
    {
        switch (part)
        {
            case ChatPart.Text { Value: var value }:
                text.Append(value);
                return true;
            case ChatPart.Refusal { Value: var refusal }:
                text.Append(refusal);
                return true;
            case ChatPart.ToolCall call:
                text.Append(text.Length > 0 ? "\n" : "").Append("{\"name\": \"").Append(call.Name).Append("\", \"arguments\": ").Append(call.Arguments).Append('}');
                return true;
            case ChatPart.ToolResult result:
                foreach (var inner in result.Content)
                    if (!Append(text, inner))
                        return false;
                return true;
            case ChatPart.Thinking or ChatPart.RedactedThinking:
                return true; // what was thought is not part of the conversation
            case ChatPart.Document { MediaType: "text/plain", Data: { } data }:
                text.Append(data);
                return true;
            default:
                return false;
        }
    }

    /// <summary>ChatML has a name for every speaker; developer is system by another name (dialects 4.4).</summary>
    private static string Role(ChatRole role) => role switch
    {
        ChatRole.System or ChatRole.Developer => "system",
        ChatRole.Assistant => "assistant",
        ChatRole.Tool => "tool",
        _ => "user",
    };
}
