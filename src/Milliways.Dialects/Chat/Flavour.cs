namespace Milliways.Dialects.Chat;

/// <summary>Whose way of a dialect is spoken where vendors differ (contract, "Choices where sources differ").</summary>
public enum Flavour
{
    /// <summary>xAI's: <c>{code, error}</c>, a wrong key is 400, a tool call is one chunk, reasoning stands outside <c>completion_tokens</c>.</summary>
    Xai,

    /// <summary>OpenAI's: <c>{error: {...}}</c>, a wrong key is 401, arguments stream, reasoning is inside <c>completion_tokens</c>.</summary>
    OpenAi,
}
