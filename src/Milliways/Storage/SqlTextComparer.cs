namespace Milliways.Storage;

/// <summary>Finds a statement by its text, which is mostly the same object, and long: looking at all of it would take longer than binding its values.</summary>
internal sealed class SqlTextComparer : IEqualityComparer<string>
{
    private const int Looks = 16;

    public static SqlTextComparer Instance { get; } = new();

    public bool Equals(string? one, string? other) => ReferenceEquals(one, other) || string.Equals(one, other, StringComparison.Ordinal);

    public int GetHashCode(string text)
    {
        var (hash, step) = (text.Length, Math.Max(1, text.Length / Looks));
        for (var at = 0; at < text.Length; at += step)
            hash = (hash * 31) + text[at];
        return hash;
    }
}
