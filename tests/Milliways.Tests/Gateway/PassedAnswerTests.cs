using System.Globalization;
using System.Text;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Providers' answers pass through untouched on their own paths (cloudflare 0.1 row 8).</summary>
public sealed class PassedAnswerTests
{
    private const string Odd = "{ \"choices\" : [ {\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\"\\u00e9\"}} ],\r\n \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}, \"zz\":1.50}\n";

    [Fact]
    public async Task A_whole_answer_passes_byte_for_byte_with_its_headers()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Odd, contentType: "application/json; charset=utf-8", headers: ["x-upstream-extra: kept", "openai-processing-ms: 7"]));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("gpt"), server.Own());
        Assert.Equal((200, Odd, "application/json; charset=utf-8"), (answer.Status, answer.Text, answer.Header("Content-Type")));
        Assert.Equal(("kept", "7"), (answer.Header("x-upstream-extra"), answer.Header("openai-processing-ms")));
        Assert.Equal("openai/gpt", answer.Header("x-milliways-upstream"));
    }

    [Fact]
    public async Task A_stream_passes_byte_for_byte_and_its_ids_come_before_the_first_event()
    {
        string[] stream = [": hello\r\n\r\n", Answers.Role, "event: own\nid: 7\ndata: {\"choices\":[]}\n\n", Answers.Chunk("Hi"), Answers.Finish, Answers.Usage, Answers.Done];
        await using var provider = new FakeUpstream(turn => turn.StreamAsync(stream));
        await using var server = await GatewayServers.StartAsync(provider);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(server.Gateway + "/grok/chat/completions", Answers.Ask("grok-4", stream: true), $"cf-aig-authorization: Bearer {server.Key}", "Authorization: Bearer sk-caller");
        var head = await client.HeadAsync();
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-", head.Header("cf-aig-log-id"));
        Assert.StartsWith("text/event-stream", head.Header("Content-Type"), StringComparison.Ordinal);
        Assert.Equal(string.Concat(stream), await client.RestTextAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"bad","type":"x"}}""")]
    [InlineData(401, """{"error":"no key"}""")]
    [InlineData(404, "<html>not here</html>")]
    [InlineData(429, """{"error":{"message":"slow down"}}""")]
    [InlineData(503, "")]
    [InlineData(307, "")]
    public async Task An_error_of_the_provider_passes_with_its_status_body_and_headers(int status, string body)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(body, status, "text/x-own", "retry-after: 99", "location: /elsewhere"));
        await using var server = await GatewayServers.StartAsync(provider);
        foreach (var stream in new[] { false, true })
        {
            var answer = await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("gpt", stream), server.Own());
            Assert.Equal((status, body, "text/x-own", "99", "/elsewhere"), (answer.Status, answer.Text, answer.Header("Content-Type"), answer.Header("retry-after"), answer.Header("location")));
            Assert.NotNull(answer.Header("cf-aig-log-id"));
        }
        Assert.Equal(2, provider.Received.Count); // nothing is tried again by itself
    }

    [Fact]
    public async Task A_stream_that_breaks_or_ends_early_is_torn_and_nothing_of_ours_is_in_it()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        provider.Then(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            turn.Finish();
        }).Then(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"))); // no finish_reason
        for (var i = 0; i < 2; i++)
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("gpt", stream: true), $"cf-aig-authorization: Bearer {server.Key}", "Authorization: Bearer sk-caller");
            await client.HeadAsync();
            Assert.Equal(Answers.Role + Answers.Chunk("Hi"), await client.RestTextAsync());
            Assert.NotEqual(WireEnd.Proper, client.End);
        }
    }

    [Fact]
    public async Task A_stream_of_a_provider_nobody_here_knows_passes_as_it_comes()
    {
        await using var provider = new FakeUpstream(turn => turn.StreamAsync("data: one\n\n", "event: x\ndata: two\n\n"));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + "/cohere/v1/chat", """{"stream":true}""", server.Own());
        Assert.Equal("data: one\n\nevent: x\ndata: two\n\n", answer.Text);
    }

    [Fact]
    public async Task Heads_and_empty_answers_pass()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        provider.Then(async turn => { await turn.RawAsync("HTTP/1.1 200 OK\r\nContent-Length: 123\r\nx-a: b\r\n\r\n"); turn.Finish(); })
            .Then(async turn => { await turn.RawAsync("HTTP/1.1 204 No Content\r\nx-a: c\r\nConnection: close\r\n\r\n"); turn.Finish(); });
        var head = await server.SendAsync("HEAD", server.Gateway + "/openai/models", null, server.Own());
        Assert.Equal((200, "123", "b", "HEAD"), (head.Status, head.Header("Content-Length"), head.Header("x-a"), provider.Last.Method));
        var none = await server.SendAsync("DELETE", server.Gateway + "/openai/files/f", null, server.Own());
        Assert.Equal((204, "c", ""), (none.Status, none.Header("x-a"), none.Text));
    }

    [Fact]
    public async Task What_a_browser_would_take_for_this_hosts_own_does_not_pass()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("<script>1</script>", contentType: "text/html",
            headers: ["Set-Cookie: session=evil; Path=/", "Strict-Transport-Security: max-age=1", "Access-Control-Allow-Origin: https://evil.example", "Clear-Site-Data: *", "cf-aig-log-id: theirs", "x-request-id: theirs"]));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.GetAsync(server.Gateway + "/openai/page", server.Own());
        Assert.Equal(("<script>1</script>", "sandbox", "nosniff", "*"), (answer.Text, answer.Header("Content-Security-Policy"), answer.Header("X-Content-Type-Options"), answer.Header("Access-Control-Allow-Origin")));
        Assert.Equal((null, null, null), (answer.Header("Set-Cookie"), answer.Header("Strict-Transport-Security"), answer.Header("Clear-Site-Data")));
        Assert.DoesNotContain("theirs", answer.Header("cf-aig-log-id") + answer.Header("x-request-id"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_upload_goes_through_piece_by_piece()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Body.Length.ToString(CultureInfo.InvariantCulture)));
        await using var server = await GatewayServers.StartAsync(provider);
        var body = new ByteArrayContent(new byte[3 << 20]);
        body.Headers.ContentType = new("application/octet-stream");
        var answer = await server.SendAsync("POST", server.Gateway + "/deepgram/v1/listen", body, server.Own(value: "Token dg"));
        Assert.Equal((200, (3 << 20).ToString(CultureInfo.InvariantCulture)), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task What_is_for_the_gateway_for_one_connection_or_for_this_host_stays_here()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider);
        await server.PostAsync(server.Gateway + "/openai/chat/completions", Answers.Ask("gpt"),
        [
            .. server.Own(), ("cf-aig-metadata", """{"a":1}"""), ("cf-aig-anything", "1"), ("cf-skip-cache", "true"), ("x-milliways-tags", "t"), ("Cookie", "session=1"), ("X-Forwarded-For", "10.0.0.9"),
            ("CF-Access-Jwt-Assertion", "j"), ("OpenAI-Organization", "org"), ("User-Agent", "mine/1"), ("x-stainless-lang", "js"),
        ]);
        var head = provider.Last.Head;
        foreach (var name in new[] { "cf-", "x-milliways", "cookie", "x-forwarded", "accept-encoding: gzip" })
            Assert.DoesNotContain("\r\n" + name, head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(("org", "mine/1", "js"), (provider.Last.Header("OpenAI-Organization"), provider.Last.Header("User-Agent"), provider.Last.Header("x-stainless-lang")));
    }

    [Fact]
    public async Task A_body_that_nobody_here_can_read_is_the_providers_to_judge()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"error":"theirs"}""", 422));
        await using var server = await GatewayServers.StartAsync(provider);
        foreach (var (body, type) in new[] { ("{not json", "application/json"), ("{}", "application/json"), ("""{"model":"m","model":"n"}""", "application/json"), ("plain", "text/plain") })
        {
            var answer = await server.SendAsync("POST", server.Gateway + "/openai/chat/completions", new StringContent(body, Encoding.UTF8, type), server.Own());
            Assert.Equal((422, """{"error":"theirs"}""", body), (answer.Status, answer.Text, provider.Last.Text));
        }
    }
}
