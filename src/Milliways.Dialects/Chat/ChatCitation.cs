namespace Milliways.Dialects.Chat;

/// <summary>
/// A source of an answer's text: an address with its title, and the characters of the choice's text that rest on it, from the first to the one
/// behind the last; null where the upstream does not tell them (dialects 1.5, 2.3, 3.3).
/// </summary>
public sealed record ChatCitation(string Url, string? Title = null, int? StartIndex = null, int? EndIndex = null);
