using System.Text;
using System.Text.Json;
using Milliways.Credits;
using Milliways.Exchanges.Relays;
using Milliways.Gateway.Calls;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Google's own paths with the operator's key: counted, held and charged as Chat is, and every byte as it came (cloudflare 1.3, dialects 7).</summary>
public sealed class GeminiPaidTests
{
    private const string Path = "/google-ai-studio/v1beta/models/m:";
    private const string Ask = """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":20}}""";

    private const string Usage = "\"usageMetadata\":{\"promptTokenCount\":12,\"cachedContentTokenCount\":2,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":10,\"totalTokenCount\":26}";
    private const string First = "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hi [} \\\"\"}]},\"index\":0}]}";
    private const string Last = "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"!\"}]},\"finishReason\":\"STOP\",\"index\":0}]," + Usage + "}";

    private static Task<TestServer> StartAsync(FakeUpstream upstream, string credits = "") => TestServer.StartAsync(
        $$"""{ {{credits}} "upstreams": { "g": { "preset": "google", "baseUrl": "{{upstream.Url}}", "apiKey": "AIza-operator", "prices": { "*": { "input": "5", "cachedInput": "0", "output": "15" } } } } }""", governance: true);

    private static async Task SendAsync(UpstreamTurn turn, string type, params string[] pieces)
    {
        await turn.BeginAsync(type);
        foreach (var piece in pieces)
            await turn.SendAsync(piece);
        await turn.EndAsync();
    }

    private static async Task<long> BalanceAsync(TestServer server) => (await server.Service<CreditCommands>().ShowAsync(OperatorActor.Instance, server.Account, CancellationToken.None)).BalanceTicks;

    [Fact]
    public async Task A_whole_answer_is_charged_and_its_bytes_stay_as_they_are()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(" " + Last + "\n"));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        var answer = await server.PostAsync(server.Gateway + Path + "generateContent", Ask);
        Assert.True(answer.Status == 200, answer.Text);
        // 10 tokens in at 5, 4 and 10 of thinking out at 15, dollars a million
        Assert.Equal((" " + Last + "\n", "2600000"), (answer.Text, answer.Header("x-milliways-cost-ticks")));
        Assert.Equal(("/v1beta/models/m:generateContent", Ask, "AIza-operator"), (upstream.Last.Target, upstream.Last.Text, upstream.Last.Header("x-goog-api-key")));
        Assert.Equal(2_600_000, before - await BalanceAsync(server));
        // The caller's own key pays at Google.
        Assert.Equal((200, null), (await server.PostAsync(server.Gateway + Path + "generateContent", Ask, server.Own("x-goog-api-key", "AIza-mine")) is var own ? (own.Status, own.Header("x-milliways-cost-ticks")) : default));
        Assert.Equal("AIza-mine", upstream.Last.Header("x-goog-api-key"));
        Assert.Equal(2_600_000, before - await BalanceAsync(server));
    }

    [Theory]
    [InlineData("streamGenerateContent?alt=sse", "text/event-stream")]
    [InlineData("streamGenerateContent", "application/json; charset=UTF-8")]
    [InlineData("streamGenerateContent?%24alt=json", "application/json")]
    public async Task A_stream_is_charged_in_both_of_its_forms(string verb, string type)
    {
        string[] pieces = type == "text/event-stream" ? ["data: " + First + "\r\n\r\n", "data: " + Last + "\r\n\r\n"] : ["[" + First, "\n,\r\n" + Last[..40], Last[40..] + "\n", "]\n"];
        await using var upstream = new FakeUpstream(turn => SendAsync(turn, type, pieces));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        var answer = await server.PostAsync(server.Gateway + Path + verb, Ask);
        Assert.Equal((200, string.Concat(pieces)), (answer.Status, answer.Text));
        Assert.Equal(("/v1beta/models/m:" + verb, Ask), (upstream.Last.Target, upstream.Last.Text));
        Assert.Equal(2_600_000, before - await BalanceAsync(server));
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("application/json")]
    public async Task The_first_piece_of_a_stream_is_there_before_the_last_is_sent(string type)
    {
        var isArray = type == "application/json";
        var more = new TaskCompletionSource();
        await using var upstream = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync(type);
            await turn.SendAsync(isArray ? "[" + First : "data: " + First + "\n\n");
            await more.Task;
            await turn.SendAsync(isArray ? "," + Last + "]" : "data: " + Last + "\n\n");
            await turn.EndAsync();
        });
        await using var server = await StartAsync(upstream);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(server.Gateway + Path + (isArray ? "streamGenerateContent" : "streamGenerateContent?alt=sse"), Ask);
        Assert.Equal(200, (await client.HeadAsync()).Status);
        Assert.Contains("Hi [}", Encoding.UTF8.GetString((await client.ChunkAsync())!), StringComparison.Ordinal);
        more.SetResult();
        Assert.EndsWith(isArray ? "]" : "\n\n", await client.RestTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/event-stream", "data: {0}\n\n")]
    [InlineData("application/json", "[{0}")]
    [InlineData("application/json", "[{0}]")]
    public async Task A_stream_that_ends_before_its_answer_is_torn_and_what_came_is_charged(string type, string form)
    {
        await using var upstream = new FakeUpstream(turn => SendAsync(turn, type, form.Replace("{0}", First, StringComparison.Ordinal)));
        await using var server = await StartAsync(upstream);
        var before = await BalanceAsync(server);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(server.Gateway + Path + (type == "application/json" ? "streamGenerateContent" : "streamGenerateContent?alt=sse"), Ask);
        Assert.Equal(200, (await client.HeadAsync()).Status);
        await client.RestAsync();
        Assert.NotEqual(WireEnd.Proper, client.End);
        Assert.True(before > await BalanceAsync(server));
    }

    [Fact]
    public async Task A_blocked_prompt_is_an_answer_and_what_is_none_is_refused_uncharged()
    {
        const string Blocked = "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":10}}";
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Blocked));
        await using var server = await StartAsync(upstream);
        Assert.Equal((200, Blocked), (await server.PostAsync(server.Gateway + Path + "generateContent", Ask) is var answer ? (answer.Status, answer.Text) : default));
        var before = await BalanceAsync(server);
        foreach (var (verb, body, type) in new[] { ("generateContent", "<html>", "text/html"), ("streamGenerateContent", "<html>", "text/html"), ("streamGenerateContent", "{}", "application/json") })
        {
            upstream.Standing = turn => turn.WholeAsync(body, 200, type);
            Assert.Equal((502, 2005), (await server.PostAsync(server.Gateway + Path + verb, Ask)).Error());
            Assert.Equal(body, (await server.PostAsync(server.Gateway + Path + verb, Ask, server.Own())).Text);
        }
        Assert.Equal(before, await BalanceAsync(server));
    }

    [Theory]
    [InlineData("embedContent", "{}", "has no price here")]
    [InlineData("batchEmbedContents", "{}", "has no price here")]
    [InlineData("generateContent", """{"contents":[],"cachedContent":"cachedContents/theirs"}""", "cachedContent")]
    [InlineData("generateContent", """{"contents":[{"parts":[{"file_data":{"file_uri":"files/theirs"}}]}]}""", "fileData")]
    [InlineData("generateContent", """{"contents":[],"tools":[{"google_search":{}}]}""", "has no bound")]
    [InlineData("generateContent", """{"contents":[],"contents":[]}""", "twice")]
    public async Task What_cannot_be_counted_bounded_or_is_others_is_not_done_with_the_operators_key(string verb, string body, string told)
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Last));
        await using var server = await StartAsync(upstream);
        var answer = await server.PostAsync(server.Gateway + Path + verb, body);
        Assert.Equal(verb == "generateContent" ? (400, 7001) : (402, 2021), answer.Error());
        Assert.Contains(told, answer.Message(), StringComparison.Ordinal);
        Assert.Empty(upstream.Received);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + Path + verb, body, server.Own())).Status); // one's own account is one's own affair
        Assert.Equal(200, (await server.PostAsync(server.Gateway + Path + "countTokens", Ask)).Status); // free at Google
    }

    [Fact]
    public async Task Little_credit_bounds_the_answer_in_geminis_own_words()
    {
        await using var upstream = new FakeUpstream(turn => turn.WholeAsync(Last));
        await using var server = await StartAsync(upstream, """ "credits": { "monthlyGrant": { "amount": "0.01" } }, """);
        foreach (var body in new[] { """{"contents":[]}""", """{"contents":[], "generationConfig":{}}""", """{"contents":[], "generation_config":{ "temperature":1}}""", """{"contents":[], "generationConfig":{"max_output_tokens":"50000"}}""" })
        {
            Assert.Equal(200, (await server.PostAsync(server.Gateway + Path + "generateContent", body)).Status);
            var sent = JsonDocument.Parse(upstream.Last.Text).RootElement;
            var config = sent.TryGetProperty("generationConfig", out var camel) ? camel : sent.GetProperty("generation_config");
            var most = config.TryGetProperty("maxOutputTokens", out var cap) ? cap.GetInt64() : config.GetProperty("max_output_tokens").GetInt64();
            Assert.InRange(most, 256, 667);
        }
    }

    [Theory]
    [InlineData("v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro", false)]
    [InlineData("v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", "g", true)]
    [InlineData("v1beta/tunedModels/my%2Dmodel:generateContent", "tunedModels/my-model", false)]
    [InlineData("v1beta/models/g:countTokens", null, false)]
    [InlineData("v1beta/models/:generateContent", null, false)]
    [InlineData("v1beta/things/g:generateContent", null, false)]
    [InlineData("generateContent", null, false)]
    public void The_path_says_what_is_wanted(string path, string? model, bool stream) =>
        Assert.Equal(model is null ? null : (model, stream), GeminiRequest.Of(path));

    [Fact]
    public void Elements_are_found_wherever_the_pieces_end()
    {
        var text = Encoding.UTF8.GetBytes("\r\n[ {\"a\":\"]}\\\"{\",\"b\":[{},[1]]} ,\n{\"c\":{}}\n] ");
        for (var size = 1; size <= text.Length; size++)
        {
            var (elements, found, start) = (new JsonElements(), new List<string>(), 0);
            for (var end = size; start < text.Length && !elements.HasEnded; end = Math.Min(text.Length, end + size))
                while (elements.TryRead(text.AsSpan(start, end - start), out var element))
                {
                    found.Add(Encoding.UTF8.GetString(text.AsSpan(start, end - start)[element]));
                    elements.Advance(element.End.Value);
                    start += element.End.Value;
                }
            Assert.Equal(["{\"a\":\"]}\\\"{\",\"b\":[{},[1]]}", "{\"c\":{}}"], found);
            Assert.True(elements.HasEnded && !elements.IsNone);
        }
    }
}
