using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>The log probabilities that a delta or a part carries in <c>logprobs</c> (dialects 3.3, 3.6).</summary>
internal static class Logprobs
{
    public static IReadOnlyList<TokenLogprob> Read(JsonElement holder) => OpenAiChat.Logprobs.ReadList(holder.Get("logprobs"));
}
