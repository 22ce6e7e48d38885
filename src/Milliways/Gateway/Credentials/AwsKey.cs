using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Gateway.Credentials;

/// <summary>An access key of AWS, as it is stored for <c>aws-bedrock</c> (cloudflare 3.8).</summary>
/// <param name="Id">The access key's id, such as <c>AKIA...</c>.</param>
/// <param name="Secret">Never sent.</param>
/// <param name="Token">Of a temporary key; null: it is a lasting one.</param>
/// <param name="Region">Where compat's calls go; null: <see cref="UsualRegion"/>. A provider's path names its own.</param>
internal sealed record AwsKey(string Id, string Secret, string? Token = null, string? Region = null)
{
    public const string UsualRegion = "us-east-1";

    /// <summary>
    /// Reads <c>ACCESS:SECRET</c>, <c>ACCESS:SECRET:TOKEN</c>, or JSON with <c>accessKeyId</c>, <c>secretAccessKey</c>, <c>sessionToken</c> and <c>region</c>. Null for
    /// any other text, which is a Bedrock API key; a failure for JSON that lacks something.
    /// </summary>
    public static Reading<AwsKey>? Read(string text)
    {
        if (text.StartsWith('{'))
            return OfJson(text);
        var parts = text.Split(':');
        if (parts.Length is 2 or 3 && IsId(parts[0]) && Array.TrueForAll(parts, part => part.Length > 0))
            return (Reading<AwsKey>)new AwsKey(parts[0], parts[1], parts.ElementAtOrDefault(2));
        return null;
    }

    private static Reading<AwsKey> OfJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var (id, secret, region) = (Member(document, "accessKeyId"), Member(document, "secretAccessKey"), Member(document, "region"));
            if (id is null || !IsId(id))
                return Wrong("accessKeyId is missing, or has other characters than capitals, digits and underscores");
            if (secret is null)
                return Wrong("secretAccessKey is missing");
            if (region is not null && !HostLabel.IsOne(region))
                return Wrong("region must be a region's name, such as us-east-1");
            if (Member(document, "sessionToken") is var token && token.AsSpan().ContainsAnyExceptInRange('!', '~'))
                return Wrong("sessionToken has a character that no header can have");
            return new AwsKey(id, secret, token, region);
        }
        catch (JsonException)
        {
            return Wrong("it is no JSON");
        }
    }

    private static string? Member(JsonDocument document, string name) =>
        document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static bool IsId(string text) => text.Length is >= 4 and <= 128 && text.AsSpan().IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") < 0;

    private static Failure Wrong(string what) => Failure.Invalid($"The AWS key cannot be used: {what}. Write ACCESS:SECRET, or JSON with accessKeyId, secretAccessKey, sessionToken and region.");
}
