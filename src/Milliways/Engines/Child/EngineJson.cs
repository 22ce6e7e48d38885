using System.Buffers;
using System.Text.Json;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>The small answers of the engine's process.</summary>
internal static class EngineJson
{
    public static ReadOnlyMemory<byte> Health(EngineLoad load) => Write(writer =>
    {
        writer.WriteString("status"u8, "ok"u8);
        writer.WriteNumber("running"u8, load.Running);
        writer.WriteNumber("queued"u8, load.Queued);
        writer.WriteNumber("generated_tokens"u8, load.GeneratedTokens);
    });

    public static ReadOnlyMemory<byte> Models(EngineModels models) => Write(writer =>
    {
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        if (models.Chat is { } chat)
            Model(writer, models.ChatName, chat.Facts);
        if (models.Embedding is { } embedding)
            Model(writer, models.EmbeddingName!, embedding.Facts);
        writer.WriteEndArray();
    });

    public static ReadOnlyMemory<byte> Count(int tokens) => Write(writer => writer.WriteNumber("input_tokens"u8, tokens));

    /// <summary>xAI's tokenize-text (xai-api 1.11).</summary>
    public static ReadOnlyMemory<byte> Tokens(IReadOnlyList<TokenPiece> tokens) => Write(writer =>
    {
        writer.WriteStartArray("token_ids"u8);
        foreach (var token in tokens)
        {
            writer.WriteStartObject();
            writer.WriteNumber("token_id"u8, token.Id);
            writer.WriteString("string_token"u8, token.Text);
            writer.WriteStartArray("token_bytes"u8);
            foreach (var value in token.Bytes.Span)
                writer.WriteNumberValue(value);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    /// <summary>An embeddings list; vectors as numbers or as base64 of little-endian float32 (xai-api 0.2 rule 17).</summary>
    public static ReadOnlyMemory<byte> Embeddings(string model, EmbeddingResult result, bool base64) => Write(writer =>
    {
        writer.WriteString("object"u8, "list"u8);
        writer.WriteString("model"u8, model);
        writer.WriteStartArray("data"u8);
        for (var i = 0; i < result.Vectors.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, i);
            writer.WriteString("object"u8, "embedding"u8);
            Vector(writer, result.Vectors[i], base64);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, result.Tokens);
        writer.WriteNumber("total_tokens"u8, result.Tokens);
        writer.WriteEndObject();
    });

    private static void Vector(Utf8JsonWriter writer, float[] vector, bool base64)
    {
        if (base64)
        {
            var bytes = new byte[vector.Length * sizeof(float)];
            for (var i = 0; i < vector.Length; i++)
                System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
            writer.WriteBase64String("embedding"u8, bytes);
            return;
        }
        writer.WriteStartArray("embedding"u8);
        foreach (var value in vector)
            writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    private static void Model(Utf8JsonWriter writer, string name, ModelFacts facts)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, 0);
        writer.WriteString("owned_by"u8, "milliways"u8);
        writer.WriteNumber("context_length"u8, facts.ContextTokens);
        writer.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        return output.WrittenMemory;
    }
}
