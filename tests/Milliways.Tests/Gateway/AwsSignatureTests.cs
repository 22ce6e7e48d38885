using System.Text;
using Milliways.Gateway.Credentials;

namespace Milliways.Tests.Gateway;

/// <summary>AWS Signature Version 4 by Amazon's own published test suite.</summary>
public sealed class AwsSignatureTests
{
    private static readonly AwsKey Example = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    private static readonly DateTimeOffset At = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("get-vanilla", "GET", "/", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("get-utf8", "GET", "/ሴ", "", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")]
    [InlineData("get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")]
    [InlineData("get-space-normalized", "GET", "/example space/", "", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")]
    [InlineData("get-slashes-normalized", "GET", "//example//", "", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84")]
    [InlineData("get-slash-dot-slash-normalized", "GET", "/./", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("get-relative-relative-normalized", "GET", "/example1/example2/../..", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("get-vanilla-empty-query-key", "GET", "/", "?Param1=value1", "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb")]
    [InlineData("get-vanilla-query-order-encoded", "GET", "/", "?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac")]
    [InlineData("get-vanilla-query-order-key-case", "GET", "/", "?Param2=value2&Param1=value1", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("get-vanilla-utf8-query", "GET", "/", "?ሴ=bar", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04")]
    [InlineData("post-vanilla", "POST", "/", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("post-vanilla-query", "POST", "/", "?Param1=value1", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11")]
    [InlineData("post-header-key-sort", "POST", "/", "", "My-Header1:value1", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c")]
    [InlineData("post-header-value-case", "POST", "/", "", "My-Header1:VALUE1", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d")]
    [InlineData("get-header-value-trim", "GET", "/", "", "My-Header1: value1\nMy-Header2: \"a   b   c\"", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736")]
    [InlineData("get-header-key-duplicate", "GET", "/", "", "My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea")]
    [InlineData("get-header-value-order", "GET", "/", "", "My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01")]
    public void Amazons_vectors_hold(string name, string method, string path, string query, string headers, string signature)
    {
        var all = headers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':', 2)).Select(pair => (pair[0], pair[1]));
        var signed = AwsSignature.Of(Example, ("us-east-1", "service"), At, method, path, query, [("Host", "example.amazonaws.com"), .. all, ("X-Amz-Date", AwsSignature.Time(At))], AwsSignature.Hash([]));
        Assert.True(signed.EndsWith(", Signature=" + signature, StringComparison.Ordinal), $"{name}: {signed}");
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;", signed, StringComparison.Ordinal);
    }

    [Fact]
    public void Amazons_vectors_with_a_session_token_and_with_a_body_hold()
    {
        var token = AwsSignature.Of(Example, ("us-east-1", "service"), At, "GET", "/", "",
            [("host", "example.amazonaws.com"), ("x-amz-date", AwsSignature.Time(At)), ("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")], AwsSignature.Hash([]));
        Assert.EndsWith("Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", token, StringComparison.Ordinal);
        var payload = AwsSignature.Hash(Encoding.ASCII.GetBytes("Param1=value1"));
        var body = AwsSignature.Of(Example, ("us-east-1", "service"), At, "POST", "/", "",
            [("content-type", "application/x-www-form-urlencoded"), ("host", "example.amazonaws.com"), ("content-length", "13"), ("x-amz-content-sha256", payload), ("x-amz-date", AwsSignature.Time(At))], payload);
        Assert.EndsWith("Signature=d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AKIDEXAMPLE:secret/+=", "AKIDEXAMPLE", "secret/+=", null, null)]
    [InlineData("ASIAEXAMPLE:secret:token", "ASIAEXAMPLE", "secret", "token", null)]
    [InlineData("""{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"s","sessionToken":"t","region":"eu-west-1"}""", "AKIDEXAMPLE", "s", "t", "eu-west-1")]
    [InlineData("""{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"s"}""", "AKIDEXAMPLE", "s", null, null)]
    public void Keys_are_read_in_both_forms(string text, string id, string secret, string? token, string? region)
    {
        var key = AwsKey.Read(text)!.Value.Value!;
        Assert.Equal((id, secret, token, region), (key.Id, key.Secret, key.Token, key.Region));
    }

    [Theory]
    [InlineData("ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl")]
    [InlineData("bedrock-api-key-YmVkcm9jaw==")]
    [InlineData("lower:secret")]
    [InlineData("AKID:")]
    public void Any_other_text_is_a_bedrock_api_key(string text) => Assert.Null(AwsKey.Read(text));
}
