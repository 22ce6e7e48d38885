using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>The numbers of a usage object as an upstream wrote them, under all the names that servers use; null: not told, or no number. Read in one pass, without a document.</summary>
internal struct UsageCounts
{
    private long? _prompt, _input, _completion, _output, _cached, _cacheHit, _cacheRead, _cacheWrite, _cacheCreation, _reasoningInside, _reasoning;

    public readonly long Prompt => _prompt ?? _input ?? 0;

    public readonly long Completion => _completion ?? _output ?? 0;

    public readonly long Read => _cached ?? _cacheHit ?? _cacheRead ?? 0;

    public readonly long Written => _cacheWrite ?? _cacheCreation ?? 0;

    public readonly long Reasoning => _reasoningInside ?? _reasoning ?? 0;

    public long? Total { get; private set; }

    public long? Sources { get; private set; }

    /// <summary>Reads an object; of members that stand twice the last counts.</summary>
    /// <param name="reader">On the object's begin; afterwards on its end.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static UsageCounts Of(ref Utf8JsonReader reader)
    {
        var counts = new UsageCounts();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8)) counts._prompt = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("completion_tokens"u8)) counts._completion = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("total_tokens"u8)) counts.Total = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("prompt_tokens_details"u8)) counts.ReadPromptDetails(ref reader);
            else if (reader.ValueTextEquals("completion_tokens_details"u8)) counts.ReadCompletionDetails(ref reader);
            else if (reader.ValueTextEquals("input_tokens"u8)) counts._input = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("output_tokens"u8)) counts._output = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("prompt_cache_hit_tokens"u8)) counts._cacheHit = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8)) counts._cacheRead = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8)) counts._cacheCreation = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("reasoning_tokens"u8)) counts._reasoning = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("num_sources_used"u8)) counts.Sources = JsonAnswer.Count(ref reader);
            else reader.Skip();
        }
        return counts;
    }

    private void ReadPromptDetails(ref Utf8JsonReader reader)
    {
        (_cached, _cacheWrite) = (null, null);
        if (!Enters(ref reader))
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8)) _cached = JsonAnswer.Count(ref reader);
            else if (reader.ValueTextEquals("cache_write_tokens"u8)) _cacheWrite = JsonAnswer.Count(ref reader);
            else reader.Skip();
        }
    }

    private void ReadCompletionDetails(ref Utf8JsonReader reader)
    {
        _reasoningInside = null;
        if (!Enters(ref reader))
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("reasoning_tokens"u8)) _reasoningInside = JsonAnswer.Count(ref reader);
            else reader.Skip();
        }
    }

    /// <summary>Whether a member's value is an object, which is then entered; anything else is passed over.</summary>
    private static bool Enters(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
            return true;
        reader.Skip();
        return false;
    }
}
