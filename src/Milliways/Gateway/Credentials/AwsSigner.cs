using Milliways.Exchanges;

namespace Milliways.Gateway.Credentials;

/// <summary>Signs calls of Bedrock with a stored key (cloudflare 1.3). Beside the host only what AWS looks at is signed: what stands between may add headers.</summary>
internal sealed class AwsSigner(AwsKey key, string region, string service, TimeProvider time) : IRequestSigner
{
    public const string Runtime = "bedrock";
    public const string Mantle = "bedrock-mantle";

    public void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body)
    {
        var (at, payload, uri) = (time.GetUtcNow(), AwsSignature.Hash(body), request.RequestUri!);
        var signed = new List<(string Name, string Value)> { ("host", uri.Authority), ("x-amz-date", AwsSignature.Time(at)), ("x-amz-content-sha256", payload) };
        if (key.Token is { } token)
            signed.Add(("x-amz-security-token", token));
        foreach (var (name, value) in signed.Skip(1))
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        request.Headers.Host = uri.Authority;
        if (request.Content?.Headers.NonValidated.TryGetValues("Content-Type", out var type) == true)
            signed.Add(("content-type", type.ToString()));
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", AwsSignature.Of(key, (region, service), at, request.Method.Method, uri.AbsolutePath, uri.Query, signed, payload));
    }
}
