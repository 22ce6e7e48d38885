using System.Text.Json;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Tokenize.TokenizeText and POST /v1/tokenize-text (xai-api 1.11, 3.4.3).</summary>
public static class TokenizeForm
{
    public static Reading<byte[]> Write(TokenizeTextRequest request)
    {
        if (request.Model.Length == 0) return Failure.Invalid("model is empty: name one, such as grok-beta.", "model");
        return JsonBody.Of(writer =>
        {
            writer.WriteString("text"u8, request.Text);
            writer.WriteString("model"u8, request.Model);
            JsonBody.Text(writer, "user", request.User);
        });
    }

    /// <param name="model">Whose tokens these are.</param>
    public static TokenizeTextResponse Read(JsonElement answer, string model)
    {
        var message = new TokenizeTextResponse { Model = model };
        foreach (var token in answer.GetProperty("token_ids"u8).EnumerateArray())
        {
            var bytes = token.GetProperty("token_bytes"u8);
            var read = new byte[bytes.GetArrayLength()];
            for (var at = 0; at < read.Length; at++) read[at] = bytes[at].GetByte();
            message.Tokens.Add(new Token { TokenId = token.GetProperty("token_id"u8).GetUInt32(), StringToken = JsonBody.Text(token, "string_token"), TokenBytes = ByteString.CopyFrom(read) });
        }

        return message;
    }
}
