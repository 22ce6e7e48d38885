using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Upstreams;

namespace Milliways.Gateway.Credentials;

/// <summary>A service account of Google's, as its JSON file has it, with the region that Cloudflare adds (cloudflare 1.3).</summary>
/// <param name="Email">Who it is.</param>
/// <param name="KeyId">Which of its keys; null: the file does not say.</param>
/// <param name="PrivateKey">PEM; never sent.</param>
/// <param name="TokenUri">Where tokens are asked for, as the file has it.</param>
/// <param name="Tokens">The same as an address.</param>
/// <param name="Project">Null: the file does not say; a provider's path names its own.</param>
/// <param name="Region">Where compat's calls go; null: <see cref="UsualRegion"/>.</param>
internal sealed record ServiceAccount(string Email, string? KeyId, string PrivateKey, string TokenUri, UpstreamAddress Tokens, string? Project, string? Region)
{
    public const string UsualRegion = "us-central1";

    private const string GoogleTokens = "https://oauth2.googleapis.com/token";

    /// <summary>Reads the JSON or its base64. Null for any other text, which is an access token; a failure for JSON that is no service account's.</summary>
    public static Reading<ServiceAccount>? Read(string text)
    {
        if (Json(text) is not { } json)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            var (email, key, region, project) = (Member(document, "client_email"), Member(document, "private_key"), Member(document, "region"), Member(document, "project_id"));
            if (email is null)
                return Wrong("client_email is missing");
            if (key is null || !IsKey(key))
                return Wrong("private_key is missing, or no RSA key in PEM");
            var uri = Member(document, "token_uri") ?? GoogleTokens;
            if (!UpstreamAddress.TryParse(uri, out var tokens))
                return Wrong("token_uri must be an https address");
            if (region is not null && !HostLabel.IsOne(region))
                return Wrong("region must be a region's name, such as us-central1");
            // Part of a path; older projects have their domain before a colon.
            if (project is not null && project.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-.:") >= 0)
                return Wrong("project_id is no project's id");
            return new ServiceAccount(email, Member(document, "private_key_id"), key, uri, tokens, project, region);
        }
        catch (JsonException)
        {
            return Wrong("it is no JSON");
        }
    }

    /// <summary>What a token is asked for with: signed, and good for an hour (RFC 7523).</summary>
    public string Assertion(string scope, DateTimeOffset now)
    {
        var header = new MemoryStream();
        using (var writer = new Utf8JsonWriter(header))
        {
            writer.WriteStartObject();
            writer.WriteString("alg"u8, "RS256"u8);
            writer.WriteString("typ"u8, "JWT"u8);
            if (KeyId is not null)
                writer.WriteString("kid"u8, KeyId);
            writer.WriteEndObject();
        }
        var claims = new MemoryStream();
        using (var writer = new Utf8JsonWriter(claims))
        {
            writer.WriteStartObject();
            writer.WriteString("iss"u8, Email);
            writer.WriteString("scope"u8, scope);
            writer.WriteString("aud"u8, TokenUri);
            writer.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
            writer.WriteNumber("exp"u8, now.AddHours(1).ToUnixTimeSeconds());
            writer.WriteEndObject();
        }
        var text = $"{Encoded(header.ToArray())}.{Encoded(claims.ToArray())}";
        using var rsa = RSA.Create();
        rsa.ImportFromPem(PrivateKey);
        return $"{text}.{Encoded(rsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Encoded(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string? Json(string text)
    {
        if (text.StartsWith('{'))
            return text;
        var bytes = new byte[text.Length];
        return text.StartsWith("ey", StringComparison.Ordinal) && Convert.TryFromBase64String(text, bytes, out var length) && bytes[0] == '{' ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private static bool IsKey(string pem)
    {
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return true;
        }
        catch (Exception none) when (none is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    private static string? Member(JsonDocument document, string name) =>
        document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static Failure Wrong(string what) => Failure.Invalid($"The service account cannot be used: {what}. Send or store the JSON file that Google gives out, or its base64, with a member region for compat.");
}
