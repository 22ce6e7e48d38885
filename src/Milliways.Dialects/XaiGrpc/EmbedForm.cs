using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Embedder.Embed and POST /v1/embeddings (xai-api 1.7, 3.4.5).</summary>
public static class EmbedForm
{
    private const int MostInputs = 128;

    public static Reading<byte[]> Write(EmbedRequest request)
    {
        if (request.Model.Length == 0) return Failure.Invalid("model is empty: name an embedding model.", "model");
        if (request.Input.Count is 0 or > MostInputs) return Failure.Invalid($"input has {request.Input.Count} items: send 1 to {MostInputs}.", "input");
        for (var at = 0; at < request.Input.Count; at++)
            if (request.Input[at].InputCase != EmbedInput.InputOneofCase.String)
                return Failure.Unsupported($"input[{at}] is {(request.Input[at].InputCase == EmbedInput.InputOneofCase.ImageUrl ? "an image" : "empty")}: texts are embedded here, as string.", $"input[{at}]");
        return JsonBody.Of(writer =>
        {
            writer.WriteString("model"u8, request.Model);
            writer.WriteStartArray("input"u8);
            foreach (var input in request.Input) writer.WriteStringValue(input.String);
            writer.WriteEndArray();
            writer.WriteString("encoding_format"u8, request.EncodingFormat == EmbedEncodingFormat.FormatBase64 ? "base64"u8 : "float"u8);
            JsonBody.Text(writer, "user", request.User);
        });
    }

    /// <param name="request">What was asked: an upstream may answer in the other encoding.</param>
    /// <param name="answer">REST's.</param>
    /// <param name="model">For an answer that names none.</param>
    public static EmbedResponse Read(EmbedRequest request, JsonElement answer, string model)
    {
        var message = new EmbedResponse { Id = JsonBody.Text(answer, "id"), Model = JsonBody.Text(answer, "model") is { Length: > 0 } named ? named : model };
        var wantsBase64 = request.EncodingFormat == EmbedEncodingFormat.FormatBase64;
        foreach (var item in answer.GetProperty("data"u8).EnumerateArray())
        {
            var embedding = new Embedding { Index = (int)(JsonBody.Whole(item, "index") ?? message.Embeddings.Count) };
            embedding.Embeddings.Add(Vector(item.GetProperty("embedding"u8), wantsBase64));
            message.Embeddings.Add(embedding);
        }

        message.Usage = new EmbeddingUsage { NumTextEmbeddings = message.Embeddings.Count };
        return message;
    }

    private static FeatureVector Vector(JsonElement value, bool wantsBase64)
    {
        if (value.ValueKind == JsonValueKind.String && wantsBase64) return new FeatureVector { Base64Array = value.GetString() };
        var floats = value.ValueKind == JsonValueKind.String ? Floats(value.GetBytesFromBase64()) : [.. value.EnumerateArray().Select(number => number.GetSingle())];
        if (wantsBase64)
        {
            var bytes = new byte[floats.Length * sizeof(float)];
            for (var at = 0; at < floats.Length; at++) System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at * sizeof(float)), floats[at]);
            return new FeatureVector { Base64Array = Convert.ToBase64String(bytes) };
        }

        var vector = new FeatureVector();
        vector.FloatArray.AddRange(floats);
        return vector;
    }

    private static float[] Floats(byte[] bytes)
    {
        var floats = new float[bytes.Length / sizeof(float)];
        for (var at = 0; at < floats.Length; at++) floats[at] = System.Buffers.Binary.BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(at * sizeof(float)));
        return floats;
    }
}
