using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Gateway.Credentials;

/// <summary>
/// AWS Signature Version 4 of one request. Amazon's own implementation signs requests of its SDK's own type, by its own clock; what goes on here is what a caller
/// wrote.
/// </summary>
internal static class AwsSignature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>As <c>X-Amz-Date</c> has it.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    public static string Hash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    /// <summary>The value of <c>Authorization</c>.</summary>
    /// <param name="scope">Region and service.</param>
    /// <param name="method">As it is sent.</param>
    /// <param name="path">As it is sent; every service but S3 encodes it once more.</param>
    /// <param name="query">As it is sent, with its question mark or without; empty: none.</param>
    /// <param name="headers">All that are signed, <c>host</c> and <c>x-amz-date</c> among them.</param>
    /// <param name="payload"><see cref="Hash"/> of the body.</param>
    public static string Of(AwsKey key, (string Region, string Service) scope, DateTimeOffset at, string method, string path, string query, IEnumerable<(string Name, string Value)> headers, string payload)
    {
        var signed = headers.GroupBy(header => header.Name.ToLowerInvariant(), header => Folded(header.Value), StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        var names = string.Join(';', signed.Select(group => group.Key));
        var request = new StringBuilder().Append(method).Append('\n').Append(Path(path)).Append('\n').Append(Query(query)).Append('\n');
        foreach (var group in signed)
            request.Append(group.Key).Append(':').AppendJoin(',', group).Append('\n');
        request.Append('\n').Append(names).Append('\n').Append(payload);

        var time = Time(at);
        var reach = $"{time[..8]}/{scope.Region}/{scope.Service}/aws4_request";
        var text = $"{Algorithm}\n{time}\n{reach}\n{Hash(Encoding.UTF8.GetBytes(request.ToString()))}";
        var secret = Encoding.UTF8.GetBytes("AWS4" + key.Secret);
        foreach (var part in reach.Split('/'))
            secret = Sign(secret, part);
        return $"{Algorithm} Credential={key.Id}/{reach}, SignedHeaders={names}, Signature={Convert.ToHexStringLower(Sign(secret, text))}";
    }

    private static byte[] Sign(byte[] secret, string text) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text));

    private static string Path(string path)
    {
        var kept = new List<string>();
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            if (segment == "..")
                kept.RemoveRange(Math.Max(0, kept.Count - 1), Math.Min(1, kept.Count));
            else if (segment != ".")
                kept.Add(Uri.EscapeDataString(segment));
        return kept.Count == 0 ? "/" : $"/{string.Join('/', kept)}{(path.EndsWith('/') ? "/" : "")}";
    }

    /// <summary>Names and values are on their way encoded already; in what spelling is the caller's affair.</summary>
    private static string Query(string query)
    {
        var pairs = query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at
            ? (Name: Again(pair[..at]), Value: Again(pair[(at + 1)..]))
            : (Name: Again(pair), Value: ""));
        return string.Join('&', pairs.OrderBy(pair => pair.Name, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal).Select(pair => $"{pair.Name}={pair.Value}"));

        static string Again(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));
    }

    /// <summary>Without spaces around, and with one where several are.</summary>
    private static string Folded(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
