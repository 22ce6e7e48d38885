using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>Calls of xai-sdk (xai-api 3.3) of which there is no recording; the recorded ones are in Recorded/RecordedCallsTests.cs.</summary>
public sealed class SdkCallTests(GrpcBench bench) : IClassFixture<GrpcBench>
{
    [Fact]
    public async Task A_batch_of_two_samples_has_outputs_0_and_1_whole_and_streamed()
    {
        var request = bench.Ask(AnswerTwoAsync);
        request["n"] = 2;
        var call = await bench.Client.CallAsync("Chat/GetCompletion", request);
        Assert.True((await call.EndAsync()).Code == "OK", (await call.EndAsync()).ToString());
        Assert.Equal(["0 Tea", "1 Gin"], call.Message["outputs"]!.AsArray().Select(output => $"{output!["index"]?.GetValue<int>() ?? 0} {output["message"]!["content"]}"));

        var twice = bench.Ask(StreamTwoAsync);
        twice["n"] = 2;
        var stream = await bench.Client.CallAsync("Chat/GetCompletionChunk", twice);
        Assert.Equal("OK", (await stream.EndAsync()).Code);
        var outputs = stream.Messages.SelectMany(chunk => chunk["outputs"]!.AsArray()).ToLookup(output => output!["index"]?.GetValue<int>() ?? 0);
        Assert.Equal("Tea", string.Concat(outputs[0].Select(output => output!["delta"]?["content"])));
        Assert.Equal("Gin", string.Concat(outputs[1].Select(output => output!["delta"]?["content"])));
        // Of each output the SDK keeps the reason of its latest delta.
        Assert.All(outputs, output => Assert.Equal("REASON_STOP", output.Last()!["finish_reason"]?.GetValue<string>()));
    }

    [Theory, InlineData(null), InlineData("IMG_FORMAT_BASE64")]
    public async Task An_image_comes_as_an_address_or_as_a_data_URL_that_the_SDK_splits(string? format)
    {
        var request = bench.Ask(http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(format is null ? """{"created":1,"data":[{"url":"https://images.example/1.png","revised_prompt":"a towel"}]}""" : """{"created":1,"data":[{"b64_json":"iVBORw0KGgo=","revised_prompt":"a towel"}]}""");
        });
        var asked = new JsonObject { ["model"] = "free", ["prompt"] = request["messages"]![0]!["content"]![0]!["text"]!.DeepClone(), ["n"] = 1 };
        if (format is not null)
            asked["format"] = format;
        var call = await bench.Client.CallAsync("Image/GenerateImage", asked);

        Assert.True((await call.EndAsync()).Code == "OK", (await call.EndAsync()).ToString());
        var image = Assert.Single(call.Message["images"]!.AsArray())!;
        if (format is null)
            Assert.Equal("https://images.example/1.png", image["url"]!.GetValue<string>());
        else
            Assert.Matches("^data:image/[a-z]+;base64,iVBORw0KGgo=$", image["base64"]!.GetValue<string>());
        Assert.Equal("/v1/images/generations", bench.Upstream.Asked.Single(one => one.Body.Contains(asked["prompt"]!.GetValue<string>(), StringComparison.Ordinal)).Path);
    }

    [Theory]
    [InlineData("Video/GenerateVideo", "/v1/videos")]
    [InlineData("Video/ExtendVideo", "/v1/videos")]
    [InlineData("Video/GetDeferredVideo", "/v1/videos")]
    [InlineData("Files/UploadFile", "/v1/files")] // a stream of the caller, which comes without a key over an insecure channel
    [InlineData("Files/RetrieveFileContent", "/v1/files")]
    [InlineData("BatchMgmt/CreateBatch", "/v1/batches")]
    public async Task What_is_served_over_REST_alone_says_so(string method, string where)
    {
        var end = await (await bench.Client.CallAsync(method, [], key: method == "Files/UploadFile" ? "" : null)).EndAsync();

        Assert.Equal("UNIMPLEMENTED", end.Code);
        Assert.Contains(where, end.Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deferred_answer_that_was_fetched_or_never_was_is_NOT_FOUND()
    {
        var begun = await bench.Client.CallAsync("Chat/StartDeferredCompletion", bench.Ask());
        var id = begun.Message["request_id"]!.GetValue<string>();
        GrpcJsCall poll = null!;
        await Until.TrueAsync(async () => (poll = await bench.Client.CallAsync("Chat/GetDeferredCompletion", new JsonObject { ["request_id"] = id })).Message["status"]!.GetValue<string>() != "PENDING", "the answer is there");
        Assert.Equal("DONE", poll.Message["status"]!.GetValue<string>());
        Assert.Equal("Forty-two.", poll.Message["response"]!["outputs"]![0]!["message"]!["content"]!.GetValue<string>());

        var end = await (await bench.Client.CallAsync("Chat/GetDeferredCompletion", new JsonObject { ["request_id"] = "never" })).EndAsync();
        Assert.Equal("NOT_FOUND", end.Code);
    }

    private static Task AnswerTwoAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(
            """
            {"id":"up-2","object":"chat.completion","created":1,"model":"alpha","choices":[{"index":0,"message":{"role":"assistant","content":"Tea"},"finish_reason":"stop"},
            {"index":1,"message":{"role":"assistant","content":"Gin"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}
            """);
    }

    private static async Task StreamTwoAsync(HttpContext http)
    {
        var stream = new UpstreamStream(http);
        foreach (var (index, text) in new[] { (0, "Te"), (1, "G"), (0, "a"), (1, "in") })
            await stream.TextAsync(text, index);
        await stream.EndAsync(outputs: 2);
    }
}
