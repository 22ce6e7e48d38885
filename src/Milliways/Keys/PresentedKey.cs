namespace Milliways.Keys;

/// <summary>The credential of a request whose address has a place of its own for it, as a feature of the request: <see cref="KeyGate"/> then looks nowhere else.</summary>
/// <param name="Text">What was presented; null: nothing.</param>
/// <param name="Stranger">Stands for callers who need no key.</param>
internal sealed record PresentedKey(string? Text, ApiKey? Stranger = null);
