namespace Milliways.Gateway.Credentials;

/// <summary>What becomes part of a host's name may be nothing but letters, digits and hyphens.</summary>
internal static class HostLabel
{
    public static bool IsOne(string text) =>
        text.Length is > 0 and <= 63 && text[0] != '-' && text[^1] != '-' && text.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") < 0;
}
