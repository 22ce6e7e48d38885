namespace Milliways.Dialects.Chat;

/// <summary>A token with the logarithm of its probability, natural, at most 0; -9999 stands for "not among the likeliest" (dialects 1.5).</summary>
/// <param name="Token">Its text; pieces of a character are shown as the upstream shows them.</param>
/// <param name="Logprob">The logarithm.</param>
/// <param name="Bytes">Its UTF-8 bytes, or null when the upstream gives none.</param>
public sealed record TokenLogprob(string Token, double Logprob, IReadOnlyList<byte>? Bytes)
{
    /// <summary>The likeliest tokens at this place, as many as were asked for.</summary>
    public IReadOnlyList<TokenLogprob> Top { get; init; } = [];
}
