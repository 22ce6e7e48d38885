using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Stored keys that are no text to be sent: AWS's sign each request, Google's service accounts get tokens (cloudflare 1.3, 3.8).</summary>
public sealed class SignedCallTests
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string Here = """{ "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] } }""";

    private static void Store(TestServer server, string provider, string key, string? alias = null) =>
        server.Service<GatewayCommands>().AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", provider, alias, null, key));

    [Theory]
    [InlineData("POST", "bedrock-runtime/eu-west-1/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/invoke", "bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1/bedrock")]
    [InlineData("POST", "bedrock-runtime/us-east-1/model/arn%3Aaws%3Abedrock%2Fx/converse-stream?b=2&a=%2F&c", "bedrock-runtime.us-east-1.amazonaws.com", "us-east-1/bedrock")]
    [InlineData("POST", "bedrock-mantle/us-west-2/anthropic/v1/messages", "bedrock-mantle.us-west-2.api.aws", "us-west-2/bedrock-mantle")]
    [InlineData("GET", "bedrock-runtime/us-east-1/async-invoke?maxResults=3", "bedrock-runtime.us-east-1.amazonaws.com", "us-east-1/bedrock")]
    [InlineData("PUT", "bedrock-runtime/us-east-1/thing", "bedrock-runtime.us-east-1.amazonaws.com", "us-east-1/bedrock")]
    public async Task What_is_sent_to_bedrock_is_signed_with_the_stored_key(string method, string rest, string host, string scope)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await GatewayServers.StartAsync(provider);
        Store(server, "aws-bedrock", $$"""{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"{{Secret}}","sessionToken":"temporary"}""");
        var body = method == "GET" ? null : new StringContent("""{ "max_tokens": 1, "model":"m", "messages":[{"role":"user","content":"é"}]}""", Encoding.UTF8, "application/json");
        Assert.Equal(200, (await server.SendAsync(method, $"{server.Gateway}/aws-bedrock/{rest}", body, ("x-mine", "1"))).Status);
        var received = provider.Last;
        Assert.StartsWith("/" + host + "/", received.Target, StringComparison.Ordinal);
        Assert.Equal(("temporary", "1", method), (received.Header("x-amz-security-token"), received.Header("x-mine"), received.Method));
        AssertSigned(received, scope);
    }

    [Fact]
    public async Task Compats_calls_of_bedrock_are_signed_and_go_to_the_keys_region()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        Store(server, "aws-bedrock", $"AKIDEXAMPLE:{Secret}");
        Store(server, "aws-bedrock", $$"""
            {
              "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "{{Secret}}",
              "region": "eu-central-1"
            }
            """, "eu");
        foreach (var (alias, region) in new[] { ("default", "us-east-1"), ("eu", "eu-central-1") })
        {
            Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("aws-bedrock/openai.gpt-oss-20b-1:0"), ("cf-aig-byok-alias", alias))).Status);
            Assert.Equal($"/bedrock-runtime.{region}.amazonaws.com/openai/v1/chat/completions", provider.Last.Target);
            AssertSigned(provider.Last, region + "/bedrock");
            // A step of a universal request is signed by itself.
            Assert.Equal(200, (await server.PostAsync(server.Gateway, $$"""{"provider":"aws-bedrock","endpoint":"bedrock-runtime/{{region}}/model/m/invoke","headers":{"cf-aig-byok-alias":"{{alias}}"},"query":{"a":[1]} }""")).Status);
            AssertSigned(provider.Last, region + "/bedrock");
        }
    }

    [Fact]
    public async Task A_bedrock_api_key_and_a_callers_own_signature_go_on_as_they_are()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        Store(server, "aws-bedrock", "ABSKQmVkcm9jaw==");
        await server.PostAsync(server.Gateway + "/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke", "{}");
        Assert.Equal(("Bearer ABSKQmVkcm9jaw==", null), (provider.Last.Header("Authorization"), provider.Last.Header("x-amz-date")));
        await server.PostAsync(server.Gateway + "/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke", "{}", [.. server.Own(value: "AWS4-HMAC-SHA256 Credential=x"), ("x-amz-date", "20250101T000000Z")]);
        Assert.Equal(("AWS4-HMAC-SHA256 Credential=x", "20250101T000000Z"), (provider.Last.Header("Authorization"), provider.Last.Header("x-amz-date")));
    }

    [Fact]
    public async Task A_body_that_cannot_be_signed_is_not_sent()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        Store(server, "aws-bedrock", $"AKIDEXAMPLE:{Secret}");
        var answer = await server.SendAsync("POST", server.Gateway + "/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke", new StringContent("x", Encoding.UTF8, "text/plain"));
        Assert.Equal(415, answer.Status);
        Assert.Empty(provider.Received);
    }

    [Theory]
    [InlineData("aws-bedrock", """{"accessKeyId":"AKIDEXAMPLE"}""", "secretAccessKey is missing")]
    [InlineData("aws-bedrock", """{"secretAccessKey":"s"}""", "accessKeyId is missing")]
    [InlineData("aws-bedrock", """{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"s","region":"evil.example/"}""", "region must be")]
    [InlineData("aws-bedrock", """{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"s","sessionToken":"a\nb"}""", "sessionToken has")]
    [InlineData("aws-bedrock", """{"accessKeyId" """, "no JSON")]
    [InlineData("google-vertex-ai", """{"type":"service_account"}""", "client_email is missing")]
    [InlineData("google-vertex-ai", """{"client_email":"a@b","private_key":"no"}""", "private_key is missing")]
    public async Task A_key_that_could_never_be_used_is_not_stored(string provider, string key, string says)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains(says, Assert.Throws<CommandException>(() => Store(server, provider, key)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Previews_show_whose_key_it_is_and_nothing_of_the_secret()
    {
        using var rsa = RSA.Create(2048);
        await using var server = await TestServer.StartAsync();
        Store(server, "aws-bedrock", $"AKIDEXAMPLE012345:{Secret}");
        Store(server, "google-vertex-ai", Account("https://oauth2.googleapis.com/token", rsa));
        var keys = server.Service<GatewayCommands>().Keys(OperatorActor.Instance, null, "default");
        Assert.Equal(["AKI...2345", "rob....com"], keys.Select(key => key.Preview).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_service_accounts_token_is_asked_for_once_and_kept_until_shortly_before_its_end()
    {
        var clock = new ManualTime();
        using var rsa = RSA.Create(2048);
        await using var google = new FakeUpstream(turn => turn.WholeAsync("""{"access_token":"ya29.one","expires_in":3599,"token_type":"Bearer"}"""));
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider, Here, clock);
        Store(server, "google-vertex-ai", Account(google.Url + "/token", rsa));
        Task<Answer> CallAsync() => server.PostAsync(server.Gateway + "/google-vertex-ai/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro:generateContent", """{"contents":[]}""");
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CallAsync())))
            Assert.Equal(200, answer.Status);
        var asked = Assert.Single(google.Received);
        Assert.Equal(("POST", "/token", "application/x-www-form-urlencoded"), (asked.Method, asked.Target, asked.Header("Content-Type")));
        AssertAssertion(asked.Text, rsa, google.Url + "/token", clock.GetUtcNow());
        Assert.Equal(8, provider.Received.Count);
        Assert.All(provider.Received, received => Assert.Equal("Bearer ya29.one", received.Header("Authorization")));
        Assert.StartsWith("/europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/", provider.Last.Target, StringComparison.Ordinal);

        clock.Advance(TimeSpan.FromMinutes(50));
        await CallAsync();
        Assert.Single(google.Received);
        google.Standing = turn => turn.WholeAsync("""{"access_token":"ya29.two","expires_in":3599}""");
        clock.Advance(TimeSpan.FromMinutes(6));
        await CallAsync();
        Assert.Equal("Bearer ya29.two", provider.Last.Header("Authorization"));
        Assert.Equal(2, google.Received.Count);
    }

    [Fact]
    public async Task Compat_calls_vertex_where_the_account_says_stored_or_the_callers_own()
    {
        using var rsa = RSA.Create(2048);
        await using var google = new FakeUpstream(turn => turn.WholeAsync("""{"access_token":"ya29.x","expires_in":60}"""));
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, Here);
        var own = Convert.ToBase64String(Encoding.UTF8.GetBytes(Account(google.Url + "/token", rsa, "europe-west1")));
        await AssertServedAsync("europe-west1", server.Own(value: "Bearer " + own));
        Store(server, "google-vertex-ai", Account(google.Url + "/token", rsa, "global"));
        await AssertServedAsync("global");
        // The provider's own path takes it too.
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/google-vertex-ai/v1/projects/p/locations/r/x:predict", "{}", server.Own(value: "Bearer " + own))).Status);
        Assert.Equal("Bearer ya29.x", provider.Last.Header("Authorization"));
        // A token of the caller's own passes as it is there, and on compat nobody knows whose project it is for.
        await server.PostAsync(server.Gateway + "/google-vertex-ai/v1/projects/p/locations/r/x:predict", "{}", server.Own(value: "Bearer ya29.mine"));
        Assert.Equal("Bearer ya29.mine", provider.Last.Header("Authorization"));
        var token = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/gemini-2.5-pro"), server.Own(value: "Bearer ya29.mine"));
        Assert.Equal((400, 2008), token.Error());
        Assert.Contains("service account", token.Message(), StringComparison.Ordinal);

        async Task AssertServedAsync(string region, params (string, string)[] headers)
        {
            var answer = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/gemini-2.5-pro"), headers);
            Assert.True(answer.Status == 200, answer.Text);
            var host = region == "global" ? "aiplatform.googleapis.com" : region + "-aiplatform.googleapis.com";
            Assert.Equal(($"/{host}/v1/projects/proj-1/locations/{region}/endpoints/openapi/chat/completions", "Bearer ya29.x", "google/gemini-2.5-pro"),
                (provider.Last.Target, provider.Last.Header("Authorization"), JsonDocument.Parse(provider.Last.Text).RootElement.GetProperty("model").GetString()));
        }
    }

    [Fact]
    public async Task An_account_that_google_refuses_is_its_owners_trouble_and_one_that_is_mended_works_at_once()
    {
        using var rsa = RSA.Create(2048);
        await using var google = new FakeUpstream(turn => turn.WholeAsync("""{"error":"invalid_grant","error_description":"Invalid JWT Signature."}""", 400));
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, Here);
        Store(server, "google-vertex-ai", Account(google.Url + "/token", rsa));
        var refused = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/g"));
        Assert.Equal((401, "client, token"), (refused.Status, refused.Header("x-milliways-failed")));
        Assert.Contains("Invalid JWT Signature", refused.Text, StringComparison.Ordinal);
        google.Standing = turn => turn.WholeAsync("not json", 200, "text/html");
        Assert.Equal((502, 2005), (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/g"))).Error());
        google.Standing = turn => turn.WholeAsync("{}", 503);
        Assert.Equal((502, 2005), (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/g"))).Error());
        Assert.Empty(provider.Received);
        google.Standing = turn => turn.WholeAsync("""{"access_token":"t","expires_in":3600}""");
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/g"))).Status);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/token")]
    [InlineData("https://127.0.0.1:1/token")]
    [InlineData("https://169.254.169.254/token")]
    [InlineData("https://metadata.test/token")]
    public async Task A_token_endpoint_is_called_by_the_tenants_rules(string tokens)
    {
        using var rsa = RSA.Create(2048);
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, names: (_, _) => Task.FromResult(new[] { IPAddress.Parse("10.0.0.1") }));
        Store(server, "google-vertex-ai", Account(tokens, rsa));
        var answer = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("google-vertex-ai/google/g"));
        Assert.Equal(400, answer.Status);
        Assert.Contains("token_uri", answer.Text, StringComparison.Ordinal);
        Assert.Empty(provider.Received);
    }

    private static string Account(string tokens, RSA rsa, string? region = null) => JsonSerializer.Serialize(new Dictionary<string, string?>
    {
        ["type"] = "service_account", ["project_id"] = "proj-1", ["private_key_id"] = "k1", ["private_key"] = rsa.ExportPkcs8PrivateKeyPem(), ["client_email"] = "robot@proj-1.iam.gserviceaccount.com",
        ["token_uri"] = tokens, ["region"] = region,
    });

    /// <summary>The signature as AWS would compute it from what arrived, written a second time and by another way.</summary>
    private static void AssertSigned(ReceivedRequest received, string scope)
    {
        var authorization = received.Header("Authorization")!;
        var (time, names) = (received.Header("x-amz-date")!, authorization.Split("SignedHeaders=")[1].Split(',')[0]);
        Assert.Contains("host", names.Split(';'));
        Assert.Contains("x-amz-date", names.Split(';'));
        var payload = Convert.ToHexString(SHA256.HashData(received.Body)).ToLowerInvariant();
        Assert.Equal(payload, received.Header("x-amz-content-sha256"));
        var target = received.Target.Split('?');
        var query = target.Length < 2 ? "" : string.Join('&', target[1].Split('&').Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=").Order(StringComparer.Ordinal));
        var path = target[0].Replace("%", "%25", StringComparison.Ordinal).Replace(":", "%3A", StringComparison.Ordinal);
        var request = $"{received.Method}\n{path}\n{query}\n{string.Concat(names.Split(';').Select(name => $"{name}:{received.Header(name)}\n"))}\n{names}\n{payload}";
        var reach = $"{time[..8]}/{scope}/aws4_request";
        var text = $"AWS4-HMAC-SHA256\n{time}\n{reach}\n{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(request))).ToLowerInvariant()}";
        var key = reach.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + Secret), (secret, part) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(part)));
        var signature = Convert.ToHexString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))).ToLowerInvariant();
        Assert.Equal($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{reach}, SignedHeaders={names}, Signature={signature}", authorization);
        Assert.DoesNotContain(Secret, received.Head, StringComparison.Ordinal);
    }

    private static void AssertAssertion(string form, RSA rsa, string tokens, DateTimeOffset now)
    {
        var members = form.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        Assert.Equal("urn:ietf:params:oauth:grant-type:jwt-bearer", members["grant_type"]);
        var parts = members["assertion"].Split('.');
        byte[] Bytes(int part) => Convert.FromBase64String(parts[part].Replace('-', '+').Replace('_', '/').PadRight((parts[part].Length + 3) / 4 * 4, '='));
        Assert.True(rsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Bytes(2), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var (head, claims) = (JsonDocument.Parse(Bytes(0)).RootElement, JsonDocument.Parse(Bytes(1)).RootElement);
        Assert.Equal(("RS256", "k1"), (head.GetProperty("alg").GetString(), head.GetProperty("kid").GetString()));
        Assert.Equal(("robot@proj-1.iam.gserviceaccount.com", tokens, "https://www.googleapis.com/auth/cloud-platform"), (claims.GetProperty("iss").GetString(), claims.GetProperty("aud").GetString(), claims.GetProperty("scope").GetString()));
        Assert.Equal((now.ToUnixTimeSeconds(), now.ToUnixTimeSeconds() + 3600), (claims.GetProperty("iat").GetInt64(), claims.GetProperty("exp").GetInt64()));
    }
}
