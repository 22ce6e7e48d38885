using System.Text;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>What a caller did wrong, in the words and statuses of each dialect.</summary>
public sealed class RequestErrorTests
{
    public static TheoryData<string, string> Paths => new() { { "/v1/chat/completions", "xai" }, { "/v1/messages", "anthropic" }, { "compat", "openai" }, { "grok", "xai" }, { "grok messages", "anthropic" } };

    private static string Path(TestServer server, string name) => name switch
    {
        "compat" => server.Gateway + "/compat/chat/completions",
        "grok" => server.Gateway + "/grok/v1/chat/completions",
        "grok messages" => server.Gateway + "/grok/v1/messages",
        _ => name,
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Syntax_is_400_types_are_422_for_xai_and_400_elsewhere(string path, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        var types = dialect == "xai" ? 422 : 400;
        foreach (var (body, status) in new[]
        {
            ("{", 400), ("{\"model\":\"a\",}", 400), ("{\"model\":\"a\",\"model\":\"b\"}", 400), ("{\"model\":\"a\"} x", 400), ("", 400), ("{\"model\":\"\\ud800\"}", 400),
            ("[]", types), ("{}", types), ("{\"model\":1,\"messages\":[]}", types), ("{\"model\":\"a\"}", types), ("{\"model\":\"a\",\"messages\":7}", types), ("{\"model\":\"a\",\"messages\":[],\"stream\":\"x\"}", types),
        })
        {
            var answer = await server.PostAsync(Path(server, path), body);
            Assert.True(answer.Status == status, $"{body}: {answer.Status} {answer.Text}");
            Assert.Equal(dialect, PathTests.DialectOf(answer.Json));
            Assert.StartsWith("client, ", answer.Header("x-milliways-failed"), StringComparison.Ordinal);
            Assert.Null(answer.Header("x-milliways-refused"));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_body_that_is_not_declared_as_json_is_415(string path, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        foreach (var content in new HttpContent?[]
        {
            null, new StringContent("{}", Encoding.UTF8, "text/plain"), new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"), new ByteArrayContent("{}"u8.ToArray()),
        })
        {
            var answer = await server.SendAsync("POST", Path(server, path), content);
            Assert.Equal((415, dialect), (answer.Status, PathTests.DialectOf(answer.Json)));
        }
        var zipped = new StringContent("{}", Encoding.UTF8, "application/json");
        zipped.Headers.ContentEncoding.Add("gzip"); // SSE-07
        Assert.Equal(415, (await server.SendAsync("POST", Path(server, path), zipped)).Status);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("application/vnd.api+json")]
    public async Task Every_way_to_say_json_is_understood(string type)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Answers.Ask()));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        Assert.Equal(200, (await server.SendAsync("POST", "/v1/chat/completions", content)).Status);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_body_of_more_than_32_MiB_is_413(string path, string dialect)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await RawClient.ConnectAsync(server);

        // Announced: refused before it is sent.
        await client.SendAsync($"POST {Path(server, path)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Key}\r\nContent-Type: application/json\r\nContent-Length: {RequestBody.MostBytes + 1}\r\n\r\n");
        Assert.Equal(413, (await client.HeadAsync()).Status);
        Assert.Equal(dialect, PathTests.DialectOf(System.Text.Json.JsonDocument.Parse(await client.RestAsync()).RootElement));
    }

    [Fact]
    public async Task A_chunked_body_is_let_in_up_to_32_MiB_and_not_one_byte_more()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var ask = Encoding.UTF8.GetBytes(Answers.Ask());
        foreach (var (length, status) in new[] { (RequestBody.MostBytes, 200), (RequestBody.MostBytes + 1, 413) })
        {
            var body = new byte[length];
            body.AsSpan().Fill((byte)' ');
            ask.CopyTo(body, 0);
            var content = new StreamContent(new MemoryStream(body));
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Base + "/v1/chat/completions") { Content = content };
            request.Headers.TransferEncodingChunked = true;
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + server.Key);
            using var http = new HttpClient { Timeout = Patience.Limit };
            var answer = await http.SendAsync(request);
            Assert.Equal(status, (int)answer.StatusCode);
        }
        Assert.Equal(RequestBody.MostBytes, Assert.Single(lab.Received).Body.Length);
    }

    [Fact]
    public async Task Heads_beyond_their_bounds_are_refused_by_status()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (head, status) in new[]
        {
            ($"GET /{new string('a', 9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
            ($"GET / HTTP/1.1\r\nHost: localhost\r\n{string.Concat(Enumerable.Range(0, 101).Select(i => $"h{i}: 1\r\n"))}\r\n", 431),
            ($"GET / HTTP/1.1\r\nHost: localhost\r\nh: {new string('a', 33 << 10)}\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\n\r\n", 400),
        })
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.SendAsync(head);
            Assert.Equal(status, (await client.HeadAsync()).Status);
        }
    }

    [Fact]
    public async Task Every_answer_has_its_own_id_under_both_names_and_a_clients_id_comes_back_as_such()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var ids = new HashSet<string>();
        foreach (var (path, body) in new[] { ("/v1/chat/completions", Answers.Ask()), ("/v1/chat/completions", "{"), ("/nothing", "{}"), ("/v1/messages", Answers.Say("alpha")) })
        {
            var answer = await server.PostAsync(path, body, ("x-request-id", "mine-7"));
            Assert.StartsWith("req_", answer.Header("x-request-id"), StringComparison.Ordinal);
            Assert.Equal(answer.Header("x-request-id"), answer.Header("request-id"));
            Assert.Equal("mine-7", answer.Header("x-client-request-id"));
            Assert.True(ids.Add(answer.Header("x-request-id")!));
        }
        var named = await server.GetAsync("/v1/models", ("x-client-request-id", "c-1"), ("x-request-id", "r-1"));
        Assert.Equal("c-1", named.Header("x-client-request-id"));
        Assert.Null((await server.GetAsync("/v1/models")).Header("x-client-request-id"));
        Assert.DoesNotContain(lab.Received, request => request.Head.Contains("mine-7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Anthropics_error_body_carries_the_request_id()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync("/v1/messages", "{");
        Assert.Equal(answer.Header("request-id"), answer.Json.GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task An_unexpected_exception_shows_an_id_and_nothing_else()
    {
        // A failure of our own, made by a service that is gone.
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        server.Service<Milliways.Upstreams.UpstreamClients>().Dispose();

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal(500, answer.Status);
        Assert.Contains(answer.Header("x-request-id")!, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Disposed", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer.Text, StringComparison.Ordinal);
    }
}
