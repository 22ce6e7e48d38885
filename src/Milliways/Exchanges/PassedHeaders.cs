using System.Collections.Frozen;

namespace Milliways.Exchanges;

/// <summary>
/// The headers of an upstream's answer that go to the caller of a front which passes answers as they are. Not those of one connection, those that are ours on
/// every answer, and those by which a provider would speak for this whole host to a browser.
/// </summary>
internal static class PassedHeaders
{
    private static readonly FrozenSet<string> Kept = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Encoding", "Content-Length",
        "x-request-id", "request-id", "x-client-request-id",
        "Set-Cookie", "Set-Cookie2", "Strict-Transport-Security", "Public-Key-Pins", "Alt-Svc", "Clear-Site-Data", "Service-Worker-Allowed", "Content-Security-Policy", "NEL", "Report-To",
        "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What a browser opens of it may run nothing and is of no origin: the console lives on this host.</summary>
    private static readonly (string, string)[] Sandboxed = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")];

    public static IReadOnlyList<(string Name, string Value)> Of(UpstreamCall call) =>
        [.. call.Head().Where(header => !Kept.Contains(header.Name) && !header.Name.StartsWith("cf-aig-", StringComparison.OrdinalIgnoreCase)
            && !header.Name.StartsWith("x-milliways-", StringComparison.OrdinalIgnoreCase)), .. Sandboxed];
}
