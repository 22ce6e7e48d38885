using System.Diagnostics.CodeAnalysis;

namespace Milliways.Upstreams;

/// <summary>
/// Where an upstream answers: scheme, host, port and a base path that stays as written. <see cref="Uri"/> alone would remove dot segments and
/// re-escape, so that the path sent would not be the path given.
/// </summary>
internal sealed record UpstreamAddress(string Origin, string BasePath)
{
    /// <summary>What stands behind every path, from its question mark: Azure's <c>?api-version=...</c>. Usually nothing.</summary>
    public string Query { get; init; } = "";

    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Reads an absolute http or https address; a trailing slash is dropped.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out UpstreamAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, in AsWritten, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            return false;
        var path = uri.AbsolutePath.TrimEnd('/');
        while (path.EndsWith("/v1/v1", StringComparison.Ordinal))
            path = path[..^3];
        address = new UpstreamAddress(uri.GetLeftPart(UriPartial.Authority), path) { Query = uri.Query };
        return true;
    }

    /// <summary>Reads an address that was checked before, or is a constant.</summary>
    public static UpstreamAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new ArgumentException($"\"{text}\" is no http or https address.", nameof(text));

    /// <summary>The same address without a version at its end: what Anthropic's and Google's SDKs are given.</summary>
    public UpstreamAddress WithoutVersion()
    {
        foreach (var version in (ReadOnlySpan<string>)["/v1", "/v1beta"])
            if (BasePath.EndsWith(version, StringComparison.Ordinal))
                return this with { BasePath = BasePath[..^version.Length] };
        return this;
    }

    /// <summary>True for an address on this machine or in a private network, whose servers drop idle connections early.</summary>
    public bool IsLocal => Uri.TryCreate(Origin, in AsWritten, out var uri)
        && (uri.IsLoopback || (System.Net.IPAddress.TryParse(uri.Host, out var ip) && IsPrivate(ip)) || !uri.Host.Contains('.', StringComparison.Ordinal));

    public Uri At(string path)
    {
        Uri.TryCreate(Origin + BasePath + path + Query, in AsWritten, out var uri);
        return uri ?? throw new InvalidOperationException($"The address {Origin} was checked when it was read.");
    }

    private static bool IsPrivate(System.Net.IPAddress ip)
    {
        if (ip.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork)
            return ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal;
        var bytes = ip.GetAddressBytes();
        return bytes[0] == 10 || (bytes[0] == 172 && bytes[1] is >= 16 and < 32) || (bytes[0] == 192 && bytes[1] == 168);
    }
}
