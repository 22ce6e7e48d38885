using System.Net.Http.Headers;
using System.Text;
using Milliways.Api;
using Milliways.Api.PassThrough;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Files, batches, videos and document search: xAI's, passed through, each team's its own (xai-api 1.8, 1.12 to 1.14).</summary>
public sealed class PassThroughTests
{
    private const string FileOne = """{"id":"file_1","object":"file","bytes":5,"created_at":1,"filename":"a.txt","purpose":""}""";

    [Fact]
    public async Task An_upload_goes_on_byte_for_byte_with_the_upstreams_key_and_belongs_to_its_team()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        var body = await upload.ReadAsByteArrayAsync();
        var answer = await server.SendAsync("POST", "/v1/files", upload);

        Assert.Equal((200, FileOne, "xai/files"), (answer.Status, answer.Text, answer.Header("x-milliways-upstream")));
        Assert.Equal(("/v1/files", "Bearer " + TestServer.UpstreamKey), (xai.Last.Target, xai.Last.Header("Authorization")));
        Assert.Equal(body, xai.Last.Body);
        Assert.StartsWith("multipart/form-data; boundary=", xai.Last.Header("Content-Type"), StringComparison.Ordinal);
        Assert.DoesNotContain(KeyText.Prefix, xai.Last.Head, StringComparison.Ordinal);

        Assert.Equal(200, (await server.GetAsync("/v1/files/file_1")).Status);
        var other = await server.GetAsync("/v1/files/file_1", ("Authorization", "Bearer " + server.OtherTeamsKey()));
        Assert.Equal((404, 2), (other.Status, xai.Received.Count));
    }

    [Theory]
    [InlineData("GET", "/v1/files/file_9")]
    [InlineData("DELETE", "/v1/files/file_9")]
    [InlineData("GET", "/v1/files/file_9/content")]
    [InlineData("GET", "/v1/batches/b_9")]
    [InlineData("GET", "/v1/batches/b_9/requests")]
    [InlineData("GET", "/v1/batches/b_9/results")]
    [InlineData("POST", "/v1/batches/b_9:cancel")]
    [InlineData("GET", "/v1/videos/v_9")]
    public async Task What_a_team_did_not_make_does_not_exist_for_it_and_nobody_is_asked(string method, string path)
    {
        await using var xai = new FakeUpstream();
        await using var server = await WithXaiAsync(xai);
        var answer = await server.SendAsync(method, path, null);
        Assert.Equal((404, "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
        Assert.Empty(xai.Received);
    }

    [Fact]
    public async Task A_list_shows_what_is_the_teams_and_asks_with_the_query_as_it_was_written()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        xai.Standing = turn => turn.WholeAsync($$"""{"data":[{"id":"file_0"},{{FileOne}},{"id":"file_2"}],"pagination_token":"t+%2F"}""");

        var own = await server.GetAsync("/v1/files?limit=3&order=asc&pagination_token=a%2Bb%20c");
        Assert.Equal(("file_1", 1, "t+%2F"), (own.Json.GetProperty("data")[0].GetProperty("id").GetString(), own.Json.GetProperty("data").GetArrayLength(), own.Json.GetProperty("pagination_token").GetString()));
        Assert.Equal("/v1/files?limit=3&order=asc&pagination_token=a%2Bb%20c", xai.Last.Target);
        var other = await server.GetAsync("/v1/files", ("Authorization", "Bearer " + server.OtherTeamsKey()));
        Assert.Equal(0, other.Json.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_deleted_file_is_gone_for_its_team_and_a_restart_forgets_nothing()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        await server.RestartAsync();
        xai.Standing = turn => turn.WholeAsync("""{"id":"file_1","deleted":true,"object":"file"}""");
        Assert.Equal(200, (await server.SendAsync("DELETE", "/v1/files/file_1", null)).Status);
        Assert.Equal(("DELETE", "/v1/files/file_1"), (xai.Last.Method, xai.Last.Target));
        Assert.Equal(404, (await server.GetAsync("/v1/files/file_1")).Status);
    }

    [Fact]
    public async Task A_download_streams_whatever_type_it_has()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        var more = new Gate();
        xai.Standing = async turn =>
        {
            await turn.BeginAsync("application/json", 200, "Content-Disposition: attachment; filename=a.json");
            await turn.SendAsync("[1,");
            await more.WaitAsync();
            await turn.SendAsync("2]");
            await turn.EndAsync();
        };
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"GET /v1/files/file_1/content?format=original HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAuthorization: Bearer {server.Key}\r\n\r\n");
        var head = await client.HeadAsync();
        Assert.Equal((200, "application/json", "attachment; filename=a.json"), (head.Status, head.Header("Content-Type"), head.Header("Content-Disposition")));
        Assert.Equal("[1,", Encoding.UTF8.GetString((await client.ChunkAsync())!));
        more.Open();
        Assert.Equal("2]", await client.RestTextAsync());
        Assert.Equal((WireEnd.Proper, "/v1/files/file_1/content?format=original"), (client.End, xai.Last.Target));
    }

    /// <summary>Servers write names beyond ASCII into heads as they are, which is in no standard; refused here, a good answer would look like an error of ours.</summary>
    [Fact]
    public async Task A_download_whose_name_no_header_can_carry_arrives_with_the_name_encoded()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        xai.Standing = turn => turn.RawAsync("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;\tfilename=\"é.pdf\"\r\nContent-Length: 4\r\n\r\n%PDF");

        var answer = await server.GetAsync("/v1/files/file_1/content");

        Assert.Equal((200, "%PDF", "attachment; filename=\"%C3%A9.pdf\""), (answer.Status, answer.Text, answer.Header("Content-Disposition")));
    }

    [Fact]
    public async Task A_download_that_breaks_is_torn_and_nothing_of_ours_is_written_into_it()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithXaiAsync(xai);
        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        xai.Standing = async turn =>
        {
            await turn.BeginAsync("text/plain");
            await turn.SendAsync("half");
            turn.Finish();
        };
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"GET /v1/files/file_1/content HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAuthorization: Bearer {server.Key}\r\n\r\n");
        await client.HeadAsync();
        Assert.Equal("half", await client.RestTextAsync());
        Assert.NotEqual(WireEnd.Proper, client.End);
    }

    [Fact]
    public async Task An_upload_beyond_the_bound_is_413_before_anything_is_sent()
    {
        await using var xai = new FakeUpstream();
        await using var server = await WithXaiAsync(xai);
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAuthorization: Bearer {server.Key}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {(512L << 20) + 1}\r\n\r\n");
        Assert.Equal(413, (await client.HeadAsync()).Status);
        Assert.Empty(xai.Received);
    }

    /// <summary>Not announced, it is stopped where it goes over.</summary>
    [Fact]
    public async Task A_chunked_upload_beyond_the_bound_is_413_and_stops_there()
    {
        var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        context.Request.ContentType = "multipart/form-data; boundary=b";
        context.Request.Body = new MemoryStream(new byte[1001]);
        using var exchange = new Exchange(context, new ChatFront(Flavour.Xai), "req_1", TimeProvider.System, new BodyBudget(0));
        var sent = new MemoryStream();
        await Assert.ThrowsAnyAsync<Exception>(() => new UploadContent(exchange, most: 1000).CopyToAsync(sent));
        Assert.Equal((FailureKind.PayloadTooLarge, FailureParty.Client), (exchange.Stopped?.Kind, exchange.Stopped?.Party));
        Assert.InRange(sent.Length, 0, 1000);

        context.Request.Body = new MemoryStream(new byte[1000]);
        using var other = new Exchange(context, new ChatFront(Flavour.Xai), "req_2", TimeProvider.System, new BodyBudget(0));
        await new UploadContent(other, most: 1000).CopyToAsync(sent = new MemoryStream());
        Assert.Equal((1000, null), (sent.Length, other.Stopped));
    }

    [Fact]
    public async Task An_upload_that_is_no_multipart_is_415() // a JSON body would be taken for the file's description
    {
        await using var xai = new FakeUpstream();
        await using var server = await WithXaiAsync(xai);
        Assert.Equal(415, (await server.PostAsync("/v1/files", "{}")).Status);
    }

    [Fact]
    public async Task A_batch_is_made_filled_read_and_cancelled_by_its_team()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync("""{"batch_id":"b_1","name":"n","state":{}}"""));
        await using var server = await WithXaiAsync(xai);
        Assert.Equal(200, (await server.PostAsync("/v1/batches", """{"name":"n"}""")).Status);
        Assert.Equal("""{"name":"n"}""", xai.Last.Text);
        xai.Then(turn => turn.WholeAsync("", status: 200));
        Assert.Equal((200, ""), ((await server.PostAsync("/v1/batches/b_1/requests", """{"batch_requests":[]}""")) is var added ? (added.Status, added.Text) : default));
        foreach (var (method, path) in new[] { ("GET", "/v1/batches/b_1"), ("GET", "/v1/batches/b_1/results?limit=1"), ("POST", "/v1/batches/b_1:cancel") })
        {
            Assert.Equal(200, (await server.SendAsync(method, path, null)).Status);
            Assert.Equal((method, path), (xai.Last.Method, xai.Last.Target));
        }
        Assert.Equal(404, (await server.GetAsync("/v1/batches/b_1", ("Authorization", "Bearer " + server.OtherTeamsKey()))).Status);
    }

    [Theory]
    [InlineData("/v1/batches", """{"name":"n","input_file_id":"file_9"}""")]
    [InlineData("/v1/videos/edits", """{"prompt":"p","video":{"file_id":"file_9"}}""")]
    public async Task A_body_may_not_point_at_a_file_that_is_not_the_teams(string path, string body)
    {
        await using var xai = new FakeUpstream();
        await using var server = await WithXaiAsync(xai);
        var answer = await server.PostAsync(path, body);
        Assert.Equal(404, answer.Status);
        Assert.Contains("file_9", answer.Text, StringComparison.Ordinal);
        Assert.Empty(xai.Received);
    }

    public static TheoryData<string, string> Pointing => new()
    {
        { "/v1/chat/completions", """{"model":"xai/grok","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file_1"}}]}]}""" },
        { "/v1/chat/completions", """{"model":"xai/grok","messages":[{"role":"user","content":[{"type":"file","file":{"f\u0069le_id":"file_1"}}]}]}""" },
        { "/v1/responses", """{"model":"oai/gpt","input":[{"role":"user","content":[{"type":"input_file","file_id":"file_1"}]}]}""" },
        { "/v1/responses", """{"model":"oai/gpt","input":"q","tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["file_1"]}}]}""" },
        { "/v1/messages", """{"model":"claude/c","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]}]}""" },
    };

    private static Task<TestServer> WithProvidersAsync(FakeUpstream provider) => TestServer.StartAsync($$"""
        { "upstreams": {
            "xai": { "preset": "xai", "baseUrl": "{{provider.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" },
            "oai": { "dialect": "openai-responses", "baseUrl": "{{provider.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" },
            "claude": { "dialect": "anthropic", "baseUrl": "{{provider.Url}}", "apiKey": "{{TestServer.UpstreamKey}}" } } }
        """);

    [Theory]
    [MemberData(nameof(Pointing))]
    public async Task A_chat_may_point_at_the_teams_own_files_and_no_others(string path, string body)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(FileOne));
        await using var server = await WithProvidersAsync(provider);
        var unknown = await server.PostAsync(path, body);
        Assert.Equal(404, unknown.Status);
        Assert.Contains("There is no file file_1 of your team.", unknown.Text, StringComparison.Ordinal);
        Assert.Empty(provider.Received);

        using var upload = Upload("hello");
        await server.SendAsync("POST", "/v1/files", upload);
        var other = await server.PostAsync(path, body, ("Authorization", "Bearer " + server.OtherTeamsKey()));
        Assert.Equal(404, other.Status);
        provider.Standing = turn => turn.WholeAsync("""{"choices":[],"output":[],"content":[]}""");
        Assert.Equal(200, (await server.PostAsync(path, body)).Status);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"xai/grok","messages":[{"role":"user","content":"what is a \"file_id\"?"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"file_id":{"type":"string","default":"x"}},"default":{"file_id":"x"}}}}]}""")]
    [InlineData("/v1/messages", """{"model":"claude/c","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"file_id":"theirs"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]}""")]
    public async Task A_file_id_of_the_callers_own_tools_points_at_nothing(string path, string body)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"choices":[],"content":[]}"""));
        await using var server = await WithProvidersAsync(provider);
        Assert.Equal(200, (await server.PostAsync(path, body)).Status);
    }

    [Fact]
    public async Task A_video_is_202_until_the_upstream_has_it()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync("""{"request_id":"v_1"}"""));
        await using var server = await WithXaiAsync(xai);
        Assert.Equal(200, (await server.PostAsync("/v1/videos/generations", """{"prompt":"p","model":"grok-video"}""")).Status);
        xai.Then(turn => turn.WholeAsync("", status: 202));
        Assert.Equal((202, ""), ((await server.GetAsync("/v1/videos/v_1")) is var early ? (early.Status, early.Text) : default));
        xai.Standing = turn => turn.WholeAsync("""{"status":"done"}""");
        Assert.Equal(200, (await server.GetAsync("/v1/videos/v_1")).Status);
    }

    [Theory]
    [InlineData("/v1/images/generations", """{"model":"grok-2-image","prompt":"a cat"}""")]
    [InlineData("/v1/images/edits", """{"model":"grok-2-image","prompt":"a cat","image":{"url":"https://example.com/a.png"}}""")]
    public async Task Images_go_to_the_upstream_that_serves_the_model(string path, string body)
    {
        const string Images = """{"data":[{"url":"https://example.com/1.png"}]}""";
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(Images));
        await using var server = await WithXaiAsync(xai);
        var answer = await server.PostAsync(path, body);
        Assert.Equal((200, Images, path, body), (answer.Status, answer.Text, xai.Last.Target, xai.Last.Text));
        xai.Standing = turn => turn.WholeAsync("""{"error":"no"}""");
        Assert.Equal(502, (await server.PostAsync(path, body)).Status);
    }

    [Theory]
    [InlineData("/v1/files/../models")]
    [InlineData("/v1/files/%2e%2e/models")]
    [InlineData("/v1/files/..%2fmodels")]
    public async Task Dots_do_not_lead_anywhere_else_at_the_upstream(string target)
    {
        await using var xai = new FakeUpstream();
        await using var server = await WithXaiAsync(xai);
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAuthorization: Bearer {server.Key}\r\nConnection: close\r\n\r\n");
        await client.HeadAsync();
        Assert.Empty(xai.Received);
    }

    [Fact]
    public async Task An_error_of_the_upstream_comes_in_the_flavour_of_the_front()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync("""{"code":"c","error":"bad name"}""", status: 400));
        await using var server = await WithXaiAsync(xai);
        var answer = await server.PostAsync("/v1/documents/search", """{"query":"q","source":{"collection_ids":["c"]}}""");
        Assert.Equal((400, "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
        Assert.Contains("bad name", answer.Text, StringComparison.Ordinal);
    }

    internal static Task<TestServer> WithXaiAsync(FakeUpstream xai) =>
        TestServer.StartAsync($$"""{ "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" } } }""");

    private static MultipartFormDataContent Upload(string text)
    {
        var file = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        file.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        return new MultipartFormDataContent("the-boundary") { { new StringContent("assistants"), "purpose" }, { file, "file", "a.txt" } };
    }
}
