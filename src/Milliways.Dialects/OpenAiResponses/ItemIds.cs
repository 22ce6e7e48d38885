using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Ids of items, derived from the answer's so that a replay is the same (xai-api 1.6.2: <c>msg_</c> and the response's id).</summary>
internal sealed class ItemIds(string answerId)
{
    private readonly string stem = Stem(answerId);
    private readonly Dictionary<ItemKind, int> counts = [];

    /// <summary>What all ids of an answer have in common.</summary>
    public static string Stem(string answerId) => answerId.StartsWith("resp_", StringComparison.Ordinal) ? answerId["resp_".Length..] : answerId;

    public string Next(ItemKind kind)
    {
        var count = counts.GetValueOrDefault(kind);
        counts[kind] = count + 1;
        var id = kind switch
        {
            ItemKind.Message => "msg_",
            ItemKind.Reasoning => "rs_",
            ItemKind.Call => "fc_",
            _ => "ctc_",
        } + stem;
        return count == 0 ? id : id + "_" + JsonText.Number(count);
    }
}
