using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>POST /v1/embeddings in the engine's process (xai-api 1.7).</summary>
internal sealed class EmbeddingsHandler(EngineModels models)
{
    private const int MostInputs = 2048;

    public async Task<Failure?> HandleAsync(HttpContext http)
    {
        if (models.Embedding is not { } embedding)
            return models.NoEmbedding;
        var body = await EngineEndpoints.BodyAsync(http);
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            return Failure.Unprocessable("The request body must be a JSON object.");
        if (models.RefuseEmbedding(root.TryGetProperty("model"u8, out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null) is { } wrongModel)
            return wrongModel;
        if (Encoding(root, out var base64) is { } wrong)
            return wrong;
        if (root.TryGetProperty("dimensions"u8, out var dimensions) && dimensions.ValueKind != JsonValueKind.Null
            && !(dimensions.ValueKind == JsonValueKind.Number && dimensions.TryGetInt32(out var wanted) && wanted == embedding.Facts.EmbeddingLength))
            return Failure.Invalid($"`dimensions` must be {embedding.Facts.EmbeddingLength}: the vectors of this model have that length.", "dimensions");
        var inputs = Inputs(root, out var failure);
        if (inputs is null)
            return failure;
        var result = await embedding.EmbedAsync(inputs, http.RequestAborted);
        if (result.Refusal is { } refusal)
            return Refusals.ToFailure(refusal);
        await EngineEndpoints.AnswerAsync(http, EngineJson.Embeddings(models.EmbeddingName!, result, base64));
        return null;
    }

    private static Failure? Encoding(JsonElement root, out bool base64)
    {
        base64 = false;
        if (!root.TryGetProperty("encoding_format"u8, out var format) || format.ValueKind == JsonValueKind.Null)
            return null;
        base64 = format.ValueKind == JsonValueKind.String && format.ValueEquals("base64"u8);
        return base64 || (format.ValueKind == JsonValueKind.String && format.ValueEquals("float"u8))
            ? null
            : Failure.Invalid("`encoding_format` must be \"float\" or \"base64\".", "encoding_format");
    }

    /// <summary>A text, texts, token ids, or lists of token ids.</summary>
    private static List<EmbeddingInput>? Inputs(JsonElement root, out Failure? failure)
    {
        failure = null;
        if (!root.TryGetProperty("input"u8, out var input) || input.ValueKind == JsonValueKind.Null)
        {
            failure = Failure.Unprocessable("missing field `input`: give a text or a list of texts.", "input");
            return null;
        }
        if (One(input) is { } one)
            return [one];
        if (input.ValueKind == JsonValueKind.Array)
        {
            var inputs = new List<EmbeddingInput>(input.GetArrayLength());
            foreach (var item in input.EnumerateArray())
                if (One(item) is { } next)
                    inputs.Add(next);
            if (inputs.Count == input.GetArrayLength() && inputs.Count is > 0 and <= MostInputs)
                return inputs;
        }
        failure = Failure.Unprocessable($"`input` must be a text, a list of 1 to {MostInputs} texts, or lists of token ids.", "input");
        return null;
    }

    private static EmbeddingInput? One(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.String)
            return EmbeddingInput.OfText(item.GetString()!);
        if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() == 0)
            return null;
        var tokens = new int[item.GetArrayLength()];
        var i = 0;
        foreach (var token in item.EnumerateArray())
            if (token.ValueKind != JsonValueKind.Number || !token.TryGetInt32(out tokens[i++]))
                return null;
        return EmbeddingInput.OfTokens(tokens);
    }
}
