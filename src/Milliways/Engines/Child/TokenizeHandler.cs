using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Engines.Child;

/// <summary>POST /v1/tokenize-text in the engine's process.</summary>
internal sealed class TokenizeHandler(EngineModels models)
{
    public async Task<Failure?> HandleAsync(HttpContext http)
    {
        if (models.Chat is not { } chat)
            return models.NoChat;
        using var document = JsonDocument.Parse(await EngineEndpoints.BodyAsync(http));
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            return Failure.Unprocessable("The request body must be a JSON object.");
        if (!document.RootElement.TryGetProperty("text"u8, out var text))
            return Failure.Unprocessable("missing field `text`.", "text");
        if (text.ValueKind != JsonValueKind.String)
            return Failure.Unprocessable("`text` must be a text.", "text");
        await EngineEndpoints.AnswerAsync(http, EngineJson.Tokens(chat.Tokenize(text.GetString()!)));
        return null;
    }
}
