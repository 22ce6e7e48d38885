using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Routing;

namespace Milliways.Api;

/// <summary>A neutral request as a Chat upstream wants it.</summary>
internal static class ChatBody
{
    public static Reading<ArrayBufferWriter<byte>> For(ChatRequest request, Attempt attempt, int sizeHint, out IReadOnlyCollection<string> dropped)
    {
        var (body, left) = (new ArrayBufferWriter<byte>(sizeHint + 256), new SortedSet<string>(StringComparer.Ordinal));
        dropped = left;
        // OpenAI itself refuses max_tokens on its newer models; every other server knows it (dialects 4.2).
        var options = new ChatWriteOptions
        {
            Model = attempt.Model,
            MaxTokensField = attempt.Upstream.Preset?.Name == "openai" ? MaxTokensField.MaxCompletionTokens : MaxTokensField.MaxTokens,
            SamplingExtensions = attempt.Upstream.Preset?.Name != "openai",
        };
        return RequestWriter.Write(request, options, body, left) is { } failure ? failure : body;
    }
}
