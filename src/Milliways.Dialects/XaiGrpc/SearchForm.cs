using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Documents.Search and POST /v1/documents/search (xai-api 1.12, 3.4.10).</summary>
public static class SearchForm
{
    public static Reading<byte[]> Write(SearchRequest request)
    {
        if (request.Query.Length == 0) return Failure.Invalid("query is empty: say what to search for.", "query");
        if (request.Source is null or { CollectionIds.Count: 0 }) return Failure.Invalid("source.collection_ids is empty: name the collections to search in.", "source.collection_ids");
        return JsonBody.Of(writer =>
        {
            writer.WriteString("query"u8, request.Query);
            writer.WriteStartObject("source"u8);
            writer.WriteStartArray("collection_ids"u8);
            foreach (var id in request.Source.CollectionIds) writer.WriteStringValue(id);
            writer.WriteEndArray();
            writer.WriteEndObject();
            JsonBody.Whole(writer, "limit", request.HasLimit, request.Limit);
            if (request.HasInstructions) writer.WriteString("instructions"u8, request.Instructions);
            if (request.HasRankingMetric && request.RankingMetric != RankingMetric.Unknown)
                writer.WriteString("ranking_metric"u8, request.RankingMetric == RankingMetric.L2Distance ? "RANKING_METRIC_L2_DISTANCE"u8 : "RANKING_METRIC_COSINE_SIMILARITY"u8);
            WriteMode(writer, request);
        });
    }

    public static SearchResponse Read(JsonElement answer)
    {
        var message = new SearchResponse();
        foreach (var item in answer.GetProperty("matches"u8).EnumerateArray())
        {
            var match = new SearchMatch
            {
                FileId = JsonBody.Text(item, "file_id"),
                ChunkId = JsonBody.Text(item, "chunk_id"),
                ChunkContent = JsonBody.Text(item, "chunk_content"),
                Score = item.TryGetProperty("score"u8, out var score) && score.ValueKind == JsonValueKind.Number ? score.GetSingle() : 0,
            };
            if (item.TryGetProperty("collection_ids"u8, out var ids) && ids.ValueKind == JsonValueKind.Array)
                match.CollectionIds.AddRange(ids.EnumerateArray().Select(id => id.GetString() ?? ""));
            message.Matches.Add(match);
        }

        return message;
    }

    private static void WriteMode(Utf8JsonWriter writer, SearchRequest request)
    {
        if (request.RetrievalModeCase == SearchRequest.RetrievalModeOneofCase.None) return;
        writer.WriteStartObject("retrieval_mode"u8);
        switch (request.RetrievalModeCase)
        {
            case SearchRequest.RetrievalModeOneofCase.SemanticRetrieval:
                writer.WriteString("type"u8, "semantic"u8);
                WriteReranker(writer, request.SemanticRetrieval.Reranker);
                break;
            case SearchRequest.RetrievalModeOneofCase.KeywordRetrieval:
                writer.WriteString("type"u8, "keyword"u8);
                WriteReranker(writer, request.KeywordRetrieval.Reranker);
                break;
            default:
                var hybrid = request.HybridRetrieval;
                writer.WriteString("type"u8, "hybrid"u8);
                JsonBody.Whole(writer, "search_multiplier", hybrid.HasSearchMultiplier, hybrid.SearchMultiplier);
                if (hybrid.RerankerCase == HybridRetrieval.RerankerOneofCase.ReciprocalRankFusion) WriteFusion(writer, hybrid.ReciprocalRankFusion);
                else WriteReranker(writer, hybrid.RerankerModel);
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteReranker(Utf8JsonWriter writer, RerankerModel? reranker)
    {
        if (reranker is null) return;
        writer.WriteStartObject("reranker"u8);
        writer.WriteString("type"u8, "reranker_model"u8);
        if (reranker.HasModel) writer.WriteString("model"u8, reranker.Model);
        if (reranker.HasInstructions) writer.WriteString("instructions"u8, reranker.Instructions);
        writer.WriteEndObject();
    }

    private static void WriteFusion(Utf8JsonWriter writer, ReciprocalRankFusion fusion)
    {
        writer.WriteStartObject("reranker"u8);
        writer.WriteString("type"u8, "rrf"u8);
        JsonBody.Whole(writer, "k", fusion.HasK, fusion.K);
        // Both unset is the default of both: an explicit 0 of each would rank nothing.
        if (fusion.EmbeddingWeight != 0 || fusion.TextWeight != 0)
        {
            writer.WriteNumber("embedding_weight"u8, fusion.EmbeddingWeight);
            writer.WriteNumber("text_weight"u8, fusion.TextWeight);
        }

        writer.WriteEndObject();
    }
}
