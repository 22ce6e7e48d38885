using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>A neutral request as a GenerateContentRequest (dialects 7, 4.14). The same request gives the same bytes.</summary>
public static class RequestWriter
{
    /// <summary>What the dialect takes (dialects 7; candidates are Google's own bound).</summary>
    private const int MostStops = 5, MostCandidates = 8;

    /// <summary>Writes nothing that can be used when it returns a failure. Names what it left out in <paramref name="dropped"/>.</summary>
    public static Failure? Write(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> output, ICollection<string> dropped)
    {
        if (Refused(request) is { } refused) return refused;
        if (Crossing.Check(request, dropped) is { } crossing) return crossing;
        Drop(request, dropped);

        var model = ModelTraits.Of(target.Model);
        var conversation = Conversation.Of(request, target.Strict, out var failure);
        if (failure is not null) return failure;
        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        if (ContentWriter.Write(writer, conversation, model) is { } wrong) return wrong;
        ToolWriter.Write(writer, request);
        ConfigWriter.Write(writer, request, model, dropped);
        writer.WriteEndObject();
        return null;
    }

    /// <summary>What would change the answer and cannot be had.</summary>
    private static Failure? Refused(ChatRequest request)
    {
        if (request.Stop.Count > MostStops)
            return Failure.Unsupported($"{request.StopName} may have at most {JsonText.Number(MostStops)} texts at the upstream that serves this model.", request.StopName);
        if (request.N > MostCandidates)
            return Failure.Unsupported($"n must be at most {JsonText.Number(MostCandidates)} at the upstream that serves this model.", "n") with { Code = "unsupported_value" };
        return null;
    }

    /// <summary>What has no counterpart and whose absence does no harm (dialects 4.14).</summary>
    private static void Drop(ChatRequest request, ICollection<string> dropped)
    {
        CustomTools.NameLosses(request, dropped);
        if (request.MinP is not null) dropped.Add("min_p");
        if (request.RepetitionPenalty is not null) dropped.Add("repetition_penalty");
        if (request.LogitBias is not null) dropped.Add("logit_bias");
        if (request.ParallelToolCalls == false && request.Tools.Count > 0) dropped.Add("parallel_tool_calls");
        if (request.User is not null) dropped.Add(request.UserName);
        if (request.ServiceTier is not null) dropped.Add("service_tier");
        if (request.PromptCacheKey is not null) dropped.Add("prompt_cache_key");
        if (request.Verbosity is not null) dropped.Add("verbosity");
    }
}
