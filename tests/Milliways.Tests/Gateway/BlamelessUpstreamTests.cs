using System.Text;
using Milliways.Routing.Health;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>What callers send and whose keys they use is never taken for an upstream's trouble: one caller cannot close an upstream to the others.</summary>
public sealed class BlamelessUpstreamTests
{
    private const int Enough = 8; // bad verdicts open the breaker sooner

    private static Task<TestServer> StartAsync(FakeUpstream upstream) =>
        TestServer.StartAsync($$"""{ "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{upstream.Url}}/v1", "apiKey": "sk-operator", "retries": 0 } } }""");

    private static void AssertAvoidsNobody(TestServer server) => Assert.Empty(server.Service<HealthBoard>().Avoided());

    [Fact]
    public async Task A_header_beyond_ascii_arrives_as_its_own_bytes()
    {
        await using var upstream = new FakeUpstream();
        await using var server = await StartAsync(upstream);
        for (var i = 0; i < Enough; i++)
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"), "x-u: é☕𝄞", "User-Agent: Zoë");
            Assert.Equal(200, (await client.HeadAsync()).Status);
            AssertArrived("x-u", "é☕𝄞");
            AssertArrived("User-Agent", "Zoë");
            var step = await server.PostAsync(server.Gateway, $$"""{"provider":"openai","endpoint":"chat/completions","headers":{"x-u":"\u00e9☕"},"query":{{Answers.Ask("m")}}}""");
            Assert.Equal(200, step.Status);
            AssertArrived("x-u", "é☕");
        }
        AssertAvoidsNobody(server);

        void AssertArrived(string name, string value) => Assert.Equal(value, Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(upstream.Last.Header(name)!)));
    }

    [Fact]
    public async Task Providers_of_the_table_and_of_the_team_get_them_too()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, """{ "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] } }""");
        await server.Service<Milliways.Gateway.Settings.GatewayCommands>().AddProviderAsync(Milliways.Teams.OperatorActor.Instance, new(null, "lab", null, provider.Url, null));
        foreach (var slug in new[] { "openai", "custom-lab" })
        {
            var step = await server.PostAsync(server.Gateway, $$"""{"provider":"{{slug}}","endpoint":"chat/completions","headers":{"x-u":"é","Authorization":"Bearer sk-ü"},"query":{{Answers.Ask("m")}}}""");
            Assert.Equal(200, step.Status);
            Assert.Equal(("é", "Bearer sk-ü"), (Utf8(provider.Last.Header("x-u")!), Utf8(provider.Last.Header("Authorization")!)));
        }

        static string Utf8(string latin) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin));
    }

    [Theory]
    [InlineData("""{"provider":"openai","endpoint":"chat/completions","headers":{"x-u":"\ud800"},"query":{}}""")]
    [InlineData("""{"provider":"openai","endpoint":"chat/completions","headers":{"\ud800":"x"},"query":{}}""")]
    [InlineData("""[{"provider":"openai","endpoint":"\udc00","headers":{},"query":{}}]""")]
    [InlineData("""{"\ud800":1}""")]
    public async Task Half_a_character_in_a_universal_body_is_the_callers_mistake(string body)
    {
        await using var upstream = new FakeUpstream();
        await using var server = await StartAsync(upstream);
        var answer = await server.PostAsync(server.Gateway, body);
        Assert.Equal((400, 7001), answer.Error());
        Assert.Contains("half a character", answer.Message(), StringComparison.Ordinal);
        Assert.Empty(upstream.Received);
    }

    [Fact]
    public async Task Half_a_character_in_a_message_ends_that_message_only()
    {
        await using var server = await TestServer.StartAsync();
        await using var socket = await TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", server.Key));
        await socket.SendAsync("""{"type":"\ud800","request":{}}""");
        Assert.Contains("half a character", await socket.ReadTextAsync(), StringComparison.Ordinal);
        await socket.SendAsync("""{"type":"universal.create","request":{"eventId":"\ud800"}}""");
        Assert.Contains("half a character", await socket.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_is_broken_or_given_up_says_nothing_of_the_upstream()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await StartAsync(upstream);
        for (var i = 0; i < Enough; i++)
        {
            await using var broken = await RawClient.ConnectAsync(server);
            await broken.SendAsync(Upload("5\r\nhello\r\nno chunk\r\n"));
            Assert.Equal(400, (await broken.HeadAsync()).Status);
        }
        AssertAvoidsNobody(server);

        string Upload(string body) => $"POST {server.Gateway}/openai/files HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\ncf-aig-authorization: {server.Key}\r\nAuthorization: Bearer sk-caller\r\nTransfer-Encoding: chunked\r\n\r\n{body}";
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(408)]
    [InlineData(429)]
    public async Task How_a_callers_own_account_stands_says_nothing_of_the_operators(int status)
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"theirs"}}""", status));
        await using var server = await StartAsync(upstream);
        for (var i = 0; i < Enough; i++)
        {
            Assert.Equal(status, (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"), server.Own())).Status);
            await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/m"), server.Own());
        }
        AssertAvoidsNobody(server);
        upstream.Standing = turn => turn.WholeAsync(Answers.Chat);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"))).Status);
    }

    [Fact]
    public async Task Trouble_of_the_upstreams_own_is_its_own_whoever_pays()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("down", 500, "text/plain"));
        await using var server = await StartAsync(upstream);
        for (var i = 0; i < Enough; i++)
            await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"), server.Own());
        Assert.NotEmpty(server.Service<HealthBoard>().Avoided());
    }

    [Theory]
    [InlineData("/compat/chat/completions", "openai/m", "openai")]
    [InlineData("/compat/messages", "openai/m", "anthropic")]
    [InlineData("/compat/chat/completions", "anthropic/m", "openai")]
    public async Task A_key_that_the_provider_refuses_is_told_in_its_words_to_whom_it_belongs(string path, string model, string dialect)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"type":"authentication_error","message":"No such key: sk-caller-0123456789."}}""", 401));
        await using var server = await GatewayServers.StartAsync(provider);
        await AssertToldAsync(server.Own(value: "Bearer sk-caller-0123456789"));
        foreach (var slug in new[] { "openai", "anthropic" })
            server.Service<Milliways.Gateway.Settings.GatewayCommands>().AddKey(Milliways.Teams.OperatorActor.Instance, new(null, "default", slug, null, null, "sk-stored"));
        await AssertToldAsync();

        async Task AssertToldAsync(params (string, string)[] headers)
        {
            var answer = await server.PostAsync(server.Gateway + path, Answers.Ask(model, more: ",\"max_tokens\":9"), headers);
            Assert.Equal((401, dialect), (answer.Status, Api.PathTests.DialectOf(answer.Json)));
            Assert.Contains("No such key: [key]", answer.Text, StringComparison.Ordinal);
            Assert.Equal("client, headers", answer.Header("x-milliways-failed"));
            Assert.Null(answer.Header("Retry-After"));
        }
    }

    [Fact]
    public async Task On_a_providers_own_path_too_it_is_the_clients_failure()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"No such key."}}""", 401));
        await using var server = await StartAsync(upstream);
        Assert.Equal("client, headers", (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"), server.Own())).Header("x-milliways-failed"));
        Assert.Equal("gateway, headers", (await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("m"))).Header("x-milliways-failed"));
        var operators = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/m"));
        Assert.Equal((502, 2005), operators.Error());
        Assert.DoesNotContain("No such key", operators.Text, StringComparison.Ordinal);
    }
}
