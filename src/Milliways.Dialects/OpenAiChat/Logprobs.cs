using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>The log probabilities of a choice's tokens, both ways (dialects 1.5). Those of a refusal's tokens are not kept.</summary>
internal static class Logprobs
{
    public static IReadOnlyList<TokenLogprob> Read(JsonElement choice) => ReadList(choice.Get("logprobs").Get("content"));

    /// <summary>A list of tokens, which is the same in Responses.</summary>
    public static IReadOnlyList<TokenLogprob> ReadList(JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Array || content.GetArrayLength() == 0) return [];
        var tokens = new List<TokenLogprob>(content.GetArrayLength());
        foreach (var item in content.EnumerateArray())
            if (ReadToken(item) is { } token) tokens.Add(token with { Top = [.. item.Items("top_logprobs").Select(ReadToken).OfType<TokenLogprob>()] });
        return tokens;
    }

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogprob> tokens)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("content"u8);
        foreach (var token in tokens)
        {
            WriteToken(writer, token);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var likely in token.Top)
            {
                WriteToken(writer, likely);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    private static TokenLogprob? ReadToken(JsonElement item)
    {
        if (item.Text("token") is not { } token || item.Get("logprob") is not { ValueKind: JsonValueKind.Number } logprob) return null;
        // Servers write the logarithm of zero as a number beyond every double.
        var value = logprob.TryGetDouble(out var number) && double.IsFinite(number) ? number : -9999;
        return new TokenLogprob(token, value, ReadBytes(item.Get("bytes")));
    }

    private static List<byte>? ReadBytes(JsonElement bytes)
    {
        if (bytes.ValueKind != JsonValueKind.Array) return null;
        var read = new List<byte>(bytes.GetArrayLength());
        foreach (var item in bytes.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetByte(out var value)) return null;
            read.Add(value);
        }

        return read;
    }

    private static void WriteToken(Utf8JsonWriter writer, TokenLogprob token)
    {
        writer.WriteStartObject();
        writer.WriteString("token"u8, token.Token);
        writer.WriteNumber("logprob"u8, token.Logprob);
        if (token.Bytes is not { } bytes)
        {
            writer.WriteNull("bytes"u8);
            return;
        }

        writer.WriteStartArray("bytes"u8);
        foreach (var value in bytes) writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }
}
