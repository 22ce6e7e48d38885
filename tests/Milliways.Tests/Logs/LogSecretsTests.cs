using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Credits;
using Milliways.Exchanges.Redaction;
using Milliways.Gateway.Providers;
using Milliways.Gateway.Settings;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>No credential that a request showed or that was used for it is ever written, whoever repeats it.</summary>
public sealed class LogSecretsTests
{
    private const string Refusal = "You sent this: ";

    [Theory]
    [InlineData(500)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(200)]
    public async Task Whatever_a_provider_repeats_no_key_is_in_a_file_or_in_a_line_of_the_servers_log(int status)
    {
        // It says back all that it was sent: the head with every credential, and the address.
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(
            Answers.Chat.Replace("\"Hi\"", JsonSerializer.Serialize(Refusal + turn.Request.Head), StringComparison.Ordinal)
                .Replace("{\"id\"", $"{{{(status == 200 ? "" : $"\"error\":{{\"message\":{JsonSerializer.Serialize(Refusal + turn.Request.Head)}}},")}\"id\"", StringComparison.Ordinal), status));
        var lines = new EveryLine();
        var secrets = new List<string>();
        string Secret(string name)
        {
            secrets.Add($"{name}.{Guid.NewGuid():N}{Guid.NewGuid():N}"); // of no form that a key is known by
            return secrets[^1];
        }
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{provider.Url}}/v1", "apiKey": "{{Secret("operator")}}", "headers": { "x-lab-token": "{{Secret("header")}}" }, {{TestServer.OneTry}} } },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "5", "output": "15" } } },
              "credits": { "monthlyGrant": null }, "logs": { "payloads": "full" } }
            """,
            more: services => services.AddSingleton<ProviderHosts>(new ProvidersHere(provider)).AddSingleton<ILoggerProvider>(lines), governance: true);
        await server.Service<CreditCommands>().GrantAsync(OperatorActor.Instance, server.Account, 100 * Money.TicksPerDollar, expires: null, "test", CancellationToken.None);
        foreach (var slug in new[] { "openai", "deepgram" })
            server.Service<GatewayCommands>().AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", slug, null, null, Secret("stored-" + slug)));

        (string, string)[] token = [("cf-aig-authorization", "Bearer " + server.Key), ("Authorization", "")];
        string Step(string slug, string headers, string endpoint = "chat/completions", string more = "") =>
            $$"""{"provider":"{{slug}}","endpoint":"{{endpoint}}","headers":{{headers}},"query":{{Answers.Ask("a")}}{{more}}}""";
        (string Path, string Body, (string, string)[] Headers)[] requests =
        [
            ("/v1/chat/completions", Answers.Ask("priced"), []),
            ("/v1/chat/completions", Answers.Ask("priced"), [("x-session-token", Secret("unknown-header"))]),
            (server.Gateway + "/openai/chat/completions", Answers.Ask("a"), server.Own(value: "Bearer " + Secret("own"))),
            (server.Gateway + "/openai/chat/completions", Answers.Ask("a"), token),
            (server.Gateway + "/compat/chat/completions", Answers.Ask("openai/a"), token),
            (server.Gateway + "/deepgram/v1/speak", "{\"text\":\"x\"}", token),
            (server.Gateway + "/anthropic/v1/messages", Answers.Say("c"), [.. token, ("x-api-key", Secret("anthropic"))]),
            ($"{server.Gateway}/google-ai-studio/v1beta/models/g:generateContent?key={Secret("query")}", "{}", token),
            (server.Gateway, $"[{Step("openai", $$"""{"Authorization":"Bearer {{Secret("step")}}"}""")}]", token),
            (server.Gateway, $"[{Step("groq", "{}", more: $",\"authorization\":\"Bearer {Secret("member")}\"")}]", token),
            (server.Gateway, $"[{Step("google-ai-studio", "{}", $"v1beta/models/g:generateContent?key={Secret("endpoint")}")}]", token),
            (server.Gateway, $"[{Step("openai", "{}")}]", token),
            // Bodies that are refused before anybody knows their steps, the key behind the mistake.
            (server.Gateway, $"[{{ oops {Step("openai", $$"""{"Authorization":"Bearer {{Secret("broken")}}"}""")}]", token),
            (server.Gateway, $"[{Step("google-ai-studio", "{}", $"v1beta?api_key={Secret("unread")}")}, 5]", token),
        ];
        foreach (var (path, body, headers) in requests)
            await server.PostAsync(path, body, headers);
        await using (var socket = await TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", "Bearer " + server.Key)))
        {
            await socket.SendAsync($$"""{"type":"universal.create","request":{{Step("openai", $$"""{"Authorization":"Bearer {{Secret("socket")}}"}""")}} }""");
            await socket.ReadAsync();
        }
        await Assert.ThrowsAsync<WebSocketException>(() => TestSocket.OpenAsync(server, $"{server.Gateway}/openai?model=m", options =>
        {
            options.SetRequestHeader("cf-aig-authorization", "Bearer " + server.Key);
            options.AddSubProtocol("realtime");
            options.AddSubProtocol("openai-insecure-api-key." + Secret("protocol"));
        }));

        var entries = await Logged.UntilAsync(() => server.Service<LogReader>().ListAsync(new LogQuery(server.Account, []) { Limit = 100 }), entries => entries.Count >= requests.Length + 3);
        Assert.Equal(15, secrets.Count);
        Assert.True(provider.Received.Count >= 13);
        foreach (var secret in secrets.Append(server.Key))
        {
            Assert.DoesNotContain(await StoredFiles.WithAsync(server.Data, secret[(secret.Length / 4)..(secret.Length * 3 / 4)]), file => file != "milliways.json");
            Assert.DoesNotContain(secret[(secret.Length / 4)..(secret.Length * 3 / 4)], lines.Text, StringComparison.Ordinal);
        }
        // They were repeated, and what is kept says where.
        var payload = await server.Service<LogReader>().PayloadAsync(server.Account, entries.First(entry => entry.Path.EndsWith("/openai/chat/completions", StringComparison.Ordinal)).Id);
        Assert.Contains("Authorization: Bearer ********", Encoding.UTF8.GetString(payload!.ResponseBody), StringComparison.OrdinalIgnoreCase);
        if (status is 400 or 500)
            Assert.Contains(entries, entry => entry.Error?.Contains(Refusal, StringComparison.Ordinal) == true && entry.Error.Contains("****", StringComparison.Ordinal));
    }

    [Fact]
    public void A_credential_is_found_in_every_form_in_which_it_may_come_back()
    {
        var secrets = new ExchangeSecrets();
        const string aws = "wJalr/XUtn+FEMI=K7MDENG", pem = "-----BEGIN KEY-----\nMIIE/vQ+IBADAN\n-----END KEY-----\n";
        secrets.Add(aws);
        secrets.Add(JsonSerializer.Serialize(new Dictionary<string, string> { ["type"] = "service_account", ["token_uri"] = "https://token.example/token", ["private_key"] = pem }));
        secrets.Add("AKIAEXAMPLE1:aws-secret-part:aws-session-part");
        secrets.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"private_key":"in-base64-of-json"}""")));
        secrets.AddHeader("Authorization", "Token deep-gram-secret");
        secrets.AddHeader("Sec-WebSocket-Protocol", "realtime, xi-api-key.eleven-secret, soap");
        secrets.AddQuery("?model=abcdefgh&key=with%2Fslash-secret&sig=short");
        var redactor = secrets.Redactor(new DefaultHttpContext().Request);
        foreach (var gone in new[]
        {
            aws, aws.Replace("/", "\\/", StringComparison.Ordinal), aws.Replace("+", "\\u002B", StringComparison.Ordinal), Uri.EscapeDataString(aws), pem, JsonEncodedText.Encode(pem).ToString(),
            pem.Replace("\n", "\\n", StringComparison.Ordinal), "deep-gram-secret", "eleven-secret", "aws-secret-part", "aws-session-part", "in-base64-of-json", "with%2Fslash-secret", "with/slash-secret",
        })
        {
            Assert.Equal($"a {new string('*', gone.Length)} b", redactor.Text($"a {gone} b"));
            var body = Encoding.UTF8.GetBytes($"a {gone} b");
            redactor.Body(body);
            Assert.Equal($"a {new string('*', gone.Length)} b", Encoding.UTF8.GetString(body));
        }
        // One that was cut off where the text ends is still one.
        Assert.Equal("a ********", redactor.Text("a " + aws[..8]));
        Assert.Equal("a " + aws[..7], redactor.Text("a " + aws[..7]));
        // Words that stand beside credentials are none.
        const string kept = "service_account https://token.example/token realtime abcdefgh short Token";
        Assert.Same(kept, redactor.Text(kept));
    }

    [Theory]
    [InlineData("""data: {"api_key":"abc","k":"x"}""", """data: {"api_key":"***","k":"x"}""")]
    [InlineData("""{"a":1} oops "Authorization" : "Bearer \"x\" y", "k":"z" """, """{"a":1} oops "Authorization" : "**************", "k":"z" """)]
    [InlineData("""oops "x-api-key":"cut off""", """oops "x-api-key":"*******""")]
    [InlineData("""[{"endpoint":"v1?alt=sse&key=abc&x=1"}]""", """[{"endpoint":"v1?alt=sse&key=***&x=1"}]""")]
    [InlineData("""[{"endpoint":"v1?api_key=ab""", """[{"endpoint":"v1?api_key=**""")]
    [InlineData("""oops "endpoint":"v1?token=ab" """, """oops "endpoint":"v1?token=**" """)]
    [InlineData("""{"headers":{"x-portkey-api-key":"abc","idempotency-key":"abc"}}""", """{"headers":{"x-portkey-api-key":"***","idempotency-key":"abc"}}""")]
    public void What_stands_in_a_credentials_place_is_masked_in_json_beside_json_and_behind_a_mistake(string body, string kept)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        new Redactor([]).Body(bytes);
        Assert.Equal(kept, Encoding.UTF8.GetString(bytes));
    }
}
