using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>Who is not let in, and how <c>@grpc/grpc-js</c> is told.</summary>
public sealed class RefusalTests(GrpcBench bench) : IClassFixture<GrpcBench>
{
    [Theory]
    [InlineData("Chat/GetCompletion", "")]
    [InlineData("Chat/GetCompletion", "xai-mw-wrong")]
    [InlineData("Chat/GetCompletionChunk", "")]
    [InlineData("Chat/GetCompletionChunk", "xai-mw-wrong")]
    [InlineData("Chat/StartDeferredCompletion", "xai-mw-wrong")]
    [InlineData("Models/ListLanguageModels", "")]
    [InlineData("Auth/get_api_key_info", "xai-mw-wrong")]
    public async Task Without_a_good_key_every_call_is_UNAUTHENTICATED_and_reaches_nobody(string method, string key)
    {
        var asked = bench.Upstream.Asked.Count;
        var end = await (await bench.Client.CallAsync(method, method.StartsWith("Chat/", StringComparison.Ordinal) ? bench.Ask() : [], key)).EndAsync();

        Assert.Equal("UNAUTHENTICATED", end.Code);
        Assert.NotEmpty(end.Details);
        Assert.Equal(asked, bench.Upstream.Asked.Count);
    }

    [Fact]
    public async Task Beyond_a_limit_a_call_is_RESOURCE_EXHAUSTED_and_the_trailers_say_what_and_until_when()
    {
        Assert.Equal("OK", (await (await bench.Client.CallAsync("Chat/GetCompletion", bench.Ask(model: "scarce"))).EndAsync()).Code);
        var asked = bench.Upstream.Asked.Count;
        foreach (var method in new[] { "Chat/GetCompletion", "Chat/GetCompletionChunk" })
        {
            var end = await (await bench.Client.CallAsync(method, bench.Ask(model: "scarce"))).EndAsync();
            Assert.Equal("RESOURCE_EXHAUSTED", end.Code);
            Assert.Equal("limit", end.Trailer("x-milliways-refused"));
            Assert.NotNull(end.Trailer("retry-after"));
        }
        Assert.Equal(asked, bench.Upstream.Asked.Count);
    }

    [Fact]
    public async Task Without_credit_and_when_it_is_used_up_a_call_is_PERMISSION_DENIED_and_reaches_nobody()
    {
        await using var server = await bench.StartServerAsync();
        await using var client = await GrpcJs.StartAsync(server);
        var none = await (await client.CallAsync("Chat/GetCompletion", bench.Ask())).EndAsync();
        Assert.Equal("PERMISSION_DENIED", none.Code);
        Assert.Contains("credits", none.Details, StringComparison.OrdinalIgnoreCase);

        // What three tokens and a prompt cost, and not a token more.
        await GrpcBench.CreditsAsync(server, "grant", "0.001", "--reason", "test");
        Assert.Equal("OK", (await (await client.CallAsync("Chat/GetCompletion", bench.Ask(maxTokens: 50))).EndAsync()).Code);
        var asked = bench.Upstream.Asked.Count;
        foreach (var method in new[] { "Chat/GetCompletion", "Chat/GetCompletionChunk" })
            Assert.Equal("PERMISSION_DENIED", (await (await client.CallAsync(method, bench.Ask(maxTokens: 100))).EndAsync()).Code);
        Assert.Equal(asked, bench.Upstream.Asked.Count);
    }
}
