using System.Buffers;

namespace Milliways.Hosting.Configuration;

/// <summary>Names of HTTP headers (RFC 9110 5.6.2).</summary>
internal static class HeaderNames
{
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool IsToken(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token);
}
