using System.Collections.Frozen;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>
/// Makes a request that crosses fit an upstream that takes less than Chat has: what it refuses is left out and named, or refused here when the caller
/// would miss it. Requests of the same dialect pass as they are: their caller chose the members itself and gets the upstream's own word.
/// </summary>
internal static class TraitRules
{
    /// <summary>The length and the alphabet that Mistral asks of a tool call's id.</summary>
    private const int CallIdLength = 9;

    private static readonly FrozenDictionary<string, Func<ChatRequest, ChatRequest?>> Without = new Dictionary<string, Func<ChatRequest, ChatRequest?>>
    {
        ["user"] = request => request.User is null ? null : request with { User = null },
        ["name"] = request => request.Messages.All(turn => turn.Name is null) ? null : request with { Messages = [.. request.Messages.Select(turn => turn with { Name = null })] },
        ["seed"] = request => request.Seed is null ? null : request with { Seed = null },
        ["logit_bias"] = request => request.LogitBias is null ? null : request with { LogitBias = null },
        ["frequency_penalty"] = request => request.FrequencyPenalty is null ? null : request with { FrequencyPenalty = null },
        ["presence_penalty"] = request => request.PresencePenalty is null ? null : request with { PresencePenalty = null },
        ["service_tier"] = request => request.ServiceTier is null ? null : request with { ServiceTier = null },
        ["parallel_tool_calls"] = request => request.ParallelToolCalls is null ? null : request with { ParallelToolCalls = null },
    }.ToFrozenDictionary();

    public static Reading<ChatRequest> Apply(ChatRequest request, UpstreamTraits traits, ICollection<string> dropped)
    {
        foreach (var name in traits.Refuses)
        {
            if ((name == "logprobs" && request.Logprobs) || (name == "n" && request.N != 1))
                return Failure.Unsupported($"{name} is not supported by the upstream that serves this model; leave it out.", name);
            if (Without.GetValueOrDefault(name)?.Invoke(request) is not { } less) continue;
            request = less;
            dropped.Add(name == "user" ? request.UserName : name);
        }

        if (traits.NineLetterCallIds) request = request with { Messages = [.. request.Messages.Select(WithShortIds)] };
        if (traits.AlternatingTurns) request = request with { Messages = Alternating(request.Messages) };
        return request;
    }

    private static ChatMessage WithShortIds(ChatMessage turn) => turn with
    {
        Parts = [.. turn.Parts.Select(part => part switch
        {
            ChatPart.ToolCall call => call with { Id = ShortId(call.Id) },
            ChatPart.ToolResult result => result with { CallId = ShortId(result.CallId) },
            _ => part,
        })],
    };

    private static string ShortId(string id) =>
        id.Length == CallIdLength && id.All(char.IsAsciiLetterOrDigit) ? id : ToolCallIds.Hash(id, CallIdLength)[..CallIdLength];

    /// <summary>System turns first, and neighbours of one role as one turn; results of tools stay turns of their own.</summary>
    private static List<ChatMessage> Alternating(IReadOnlyList<ChatMessage> turns)
    {
        var merged = new List<ChatMessage>();
        foreach (var turn in turns.OrderBy(turn => turn.Role is ChatRole.System or ChatRole.Developer ? 0 : 1))
        {
            if (turn.Role is ChatRole.User or ChatRole.Assistant && merged.Count > 0 && merged[^1] is var last && last.Role == turn.Role)
                merged[^1] = last with { Parts = [.. last.Parts, .. turn.Parts] };
            else
                merged.Add(turn);
        }

        return merged;
    }
}
