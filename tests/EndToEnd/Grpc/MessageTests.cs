using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>Sizes, compression, and what is no call of ours.</summary>
public sealed class MessageTests(GrpcBench bench) : IClassFixture<GrpcBench>
{
    private const int Most = 20 << 20;

    [Fact]
    public async Task A_request_and_an_answer_of_just_under_20_MiB_go_through()
    {
        var request = Sized(bench.Ask(http => AnswerAsync(http, Most - 1000)), Most - 1000);
        var call = await bench.Client.CallAsync("Chat/GetCompletion", request);

        var end = await call.EndAsync();
        Assert.True(end.Code == "OK", end.ToString());
        Assert.Equal($"{Most - 1000} characters", call.Text); // as the driver abbreviates it
        Assert.True(bench.Upstream.Asked.Max(asked => asked.Body.Length) > Most - 1000);
    }

    [Fact]
    public async Task A_request_over_20_MiB_is_RESOURCE_EXHAUSTED_names_the_bound_and_reaches_nobody()
    {
        var asked = bench.Upstream.Asked.Count;
        var end = await (await bench.Client.CallAsync("Chat/GetCompletion", Sized(bench.Ask(), Most + 1))).EndAsync();

        Assert.Equal("RESOURCE_EXHAUSTED", end.Code);
        Assert.Contains("20971520", end.Details, StringComparison.Ordinal);
        Assert.Equal(asked, bench.Upstream.Asked.Count);
    }

    [Fact]
    public async Task Compressed_requests_are_read_and_whole_answers_are_compressed_where_the_operator_wants_it()
    {
        await using var server = await bench.StartServerAsync(""", "grpc": { "gzip": true } """);
        await GrpcBench.CreditsAsync(server, "grant", "1", "--reason", "test");
        await using var client = await GrpcJs.StartAsync(server, new JsonObject { ["grpc.default_compression_algorithm"] = 2 });
        var text = string.Concat(Enumerable.Repeat("many times the same ", 100));
        var call = await client.CallAsync("Chat/GetCompletion", bench.Ask(http => AnswerAsync(http, 5000), maxTokens: 10) is var request ? With(request, text) : request);

        Assert.Equal(("OK", 5000), ((await call.EndAsync()).Code, call.Text.Length));
        Assert.Contains("""{"encodings":["gzip","gzip"]}""", client.Wire, StringComparison.Ordinal);
        Assert.Contains(bench.Upstream.Asked, asked => asked.Body.Contains(text, StringComparison.Ordinal));
        // A stream is not: each of its pieces would be larger than it was.
        var stream = await client.CallAsync("Chat/GetCompletionChunk", bench.Ask());
        Assert.Equal(("OK", "Forty-two."), ((await stream.EndAsync()).Code, stream.Text));
        Assert.Contains("""{"encodings":["gzip","identity"]}""", client.Wire, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_small_compressed_and_over_20_MiB_otherwise_is_RESOURCE_EXHAUSTED()
    {
        await using var client = await GrpcJs.StartAsync(bench.Server, new JsonObject { ["grpc.default_compression_algorithm"] = 2 });
        var end = await (await client.CallAsync("Chat/GetCompletion", Sized(bench.Ask(), Most + 1))).EndAsync();

        Assert.Equal("RESOURCE_EXHAUSTED", end.Code);
        Assert.Contains("""["gzip",""", client.Wire, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Chat/NoSuchMethod", "/xai_api.Chat/NoSuchMethod")]
    [InlineData("NoSuchService/List", "/xai_api.NoSuchService/List")]
    [InlineData("Files/ListFiles", "/v1/files")]
    [InlineData("BatchMgmt/ListBatches", "/v1/batches")]
    public async Task A_method_that_is_not_served_is_UNIMPLEMENTED_and_the_status_says_which(string method, string named)
    {
        var end = await (await bench.Client.CallAsync(method, [])).EndAsync();

        Assert.Equal("UNIMPLEMENTED", end.Code);
        Assert.Contains(named, end.Details, StringComparison.Ordinal);
    }

    [Theory, InlineData("application/json"), InlineData("application/grpc+json"), InlineData("application/grpc-web")]
    public async Task Another_content_type_is_415_with_a_remedy(string contentType)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, bench.Server.Ready["grpc"]!.GetValue<string>() + "/xai_api.Chat/GetCompletion")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bench.Server.Key);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("application/grpc", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>With a second text, so that the message has about so many bytes.</summary>
    private static JsonObject Sized(JsonObject request, int bytes)
    {
        var head = 100 + request["messages"]![0]!["content"]![0]!["text"]!.GetValue<string>().Length;
        return With(request, new JsonObject { ["$repeat"] = new JsonArray("x", bytes > Most ? bytes : bytes - head) });
    }

    private static JsonObject With(JsonObject request, JsonNode text)
    {
        request["messages"]!.AsArray().Add(GrpcBench.User(text));
        return request;
    }

    private static Task AnswerAsync(HttpContext http, int characters)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(FakeUpstream.WholeAnswer.Replace("Forty-two.", new string('y', characters), StringComparison.Ordinal));
    }
}
