using Microsoft.AspNetCore.Http.Features;
using Milliways.Dialects.Chat;
using Milliways.Keys;

namespace Milliways.Gateway;

/// <summary>What stands behind the gateway's name in an address, raw as it was written; the server's own reading of a path has decoded it and removed its dots.</summary>
/// <param name="Rest">Without its first slash.</param>
/// <param name="Query">From its question mark; empty: none.</param>
internal sealed record GatewayTarget(string Rest, string Query)
{
    public static Reading<GatewayTarget> Of(HttpContext http, in GatewayPath path)
    {
        var raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (raw.Length > 0 && raw[0] != '/' && raw.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme) // the form that proxies are asked in
            raw = raw.IndexOf('/', scheme + 3) is > 0 and var slash ? raw[slash..] : "/";
        if (KeyText.IsOurs(raw))
            return Malformed("An API key must not stand in the address: send it in a header, such as cf-aig-authorization.");
        var question = raw.IndexOf('?', StringComparison.Ordinal);
        var (whole, query) = question < 0 ? (raw, "") : (raw[..question], raw[question..]);
        if (HasDotSegments(whole))
            return Malformed("The path has a segment of dots: write the address without it.");
        var at = 0;
        while (true)
        {
            var version = Segment(whole, ref at);
            if (version != "v1")
                return Malformed("The path is written in a form that cannot be passed on: write it plainly, such as /v1/{account}/{gateway}/openai/chat/completions.");
            var before = at;
            var account = Segment(whole, ref at);
            if (account == "v1")
            {
                at = before;
                continue;
            }
            if (!account.Equals(path.Account, StringComparison.OrdinalIgnoreCase) || Segment(whole, ref at) != path.Gateway)
                return Malformed("The path is written in a form that cannot be passed on: write account and gateway plainly.");
            break;
        }
        return new GatewayTarget(at < whole.Length ? whole[(at + 1)..] : "", query);
    }

    /// <summary>The next segment that is not empty, and the place of the slash behind it.</summary>
    private static string Segment(string path, ref int at)
    {
        while (at < path.Length && path[at] == '/')
            at++;
        var start = at;
        at = path.IndexOf('/', start) is >= 0 and var slash ? slash : path.Length;
        return Uri.UnescapeDataString(path[start..at]);
    }

    /// <summary>Encoded ones too, and those that an encoded slash makes.</summary>
    public static bool HasDotSegments(string path) =>
        path.AsSpan().ContainsAny('.', '%', '\\') && path.Split('/').Any(segment => Uri.UnescapeDataString(segment).Split('/', '\\').Any(piece => piece is "." or ".."));

    private static Failure Malformed(string message) => GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoGateway, message);
}
