using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.Seeds;

/// <summary>
/// What Python's clients send for the founding documents' calls and their like, as recorded from the unmodified libraries (data/python.json): the same
/// headers and bodies, so that the tests need no Python.
/// </summary>
public sealed class PythonClientsTests(SharedServer shared)
{
    private static readonly JsonArray Recorded = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.SeedData, "python.json")))!.AsArray();

    public static TheoryData<string, string> Calls => new(Recorded.Select(call => (Text(call!, "client"), Text(call!, "call"))));

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_recorded_request_is_answered(string client, string name)
    {
        var call = Recorded.Single(item => Text(item!, "client") == client && Text(item!, "call") == name)!;
        using var http = new HttpClient { Timeout = Patience.Long };
        using var response = await http.SendAsync(Request(call));
        var text = await response.Content.ReadAsStringAsync();

        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} {text}");
        if (call["body"]?["stream"]?.GetValue<bool>() == true)
            Assert.EndsWith(Text(call, "path").EndsWith("/messages", StringComparison.Ordinal) ? "data: {\"type\":\"message_stop\"}\n\n" : "data: [DONE]\n\n", text, StringComparison.Ordinal);
        else
            AssertWhole(Text(call, "path"), JsonNode.Parse(text)!);
    }

    private static void AssertWhole(string path, JsonNode answer)
    {
        if (path.EndsWith("/chat/completions", StringComparison.Ordinal))
            Assert.NotEmpty(answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        else if (path.EndsWith("/messages", StringComparison.Ordinal))
            Assert.NotEmpty(answer["content"]![0]!["text"]!.GetValue<string>());
        else if (path.EndsWith("/count_tokens", StringComparison.Ordinal))
            Assert.True(answer["input_tokens"]!.GetValue<int>() > 0);
        else
            Assert.NotEmpty(answer["data"]!.AsArray());
    }

    private HttpRequestMessage Request(JsonNode call)
    {
        var path = Text(call, "path").Replace("/v1/account/gateway/", $"/v1/{shared.Server.Account}/default/", StringComparison.Ordinal);
        var query = Text(call, "query");
        var request = new HttpRequestMessage(new HttpMethod(Text(call, "method")), shared.Server.Base + path + (query.Length > 0 ? "?" + query : ""));
        if (call["body"]?.DeepClone() is { } body)
        {
            // The one change to what was recorded: an answer that would go on until the model has had enough is ended sooner.
            if (body["messages"] is not null && body["max_tokens"] is null && !path.EndsWith("/count_tokens", StringComparison.Ordinal))
                body["max_tokens"] = 32;
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }
        foreach (var header in call["headers"]!.AsArray())
            Assert.True(request.Headers.TryAddWithoutValidation(header![0]!.GetValue<string>(), header[1]!.GetValue<string>().Replace("<key>", shared.Server.Key, StringComparison.Ordinal)));
        return request;
    }

    private static string Text(JsonNode call, string member) => call[member]!.GetValue<string>();
}
