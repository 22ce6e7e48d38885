using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Models.Messages;
using Milliways.EndToEnd.Support;
using OpenAI;
using OpenAI.Chat;

namespace Milliways.EndToEnd.Streams;

/// <summary>A stream that an upstream cuts passes for an answer with no official client: its own helper for the final answer raises, or says that it is not complete.</summary>
public sealed class CutStreamTests : IAsyncLifetime
{
    private static readonly string[] Helpers = ["openai chat", "openai chat on compat", "openai responses", "anthropic messages"];

    private FakeUpstream _upstream = null!;
    private MilliwaysProcess _server = null!;

    private static IEnumerable<string> Models(IEnumerable<string> cuts) => from wire in CuttingUpstream.Wires from cut in cuts select $"{wire.Wire}/{wire.Wire}.{cut}";

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync(CuttingUpstream.AnswerAsync);
        var upstreams = CuttingUpstream.Wires.Select(wire =>
            $$"""  "{{wire.Wire}}": { "dialect": "{{wire.Dialect}}", "baseUrl": "{{_upstream.Base}}{{(wire.Dialect.StartsWith("openai", StringComparison.Ordinal) ? "/v1" : "")}}", "apiKey": "k", "retries": 0, "breaker": null }""");
        _server = await MilliwaysProcess.StartAsync(new Setup { NoEngine = true, Config = $$"""{ "upstreams": { {{string.Join(",\n", upstreams)}} } }""" });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task No_npm_helper_takes_a_cut_stream_for_an_answer()
    {
        var wrong = (await FinalAsync(CuttingUpstream.Cuts)).Where(each => IsComplete(each.Result)).Select(each => $"{each.Helper} took {each.Model} for an answer: {each.Result.ToJsonString()}");
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_npm_helper_gives_the_answer_of_a_stream_that_is_whole()
    {
        foreach (var (helper, model, result) in await FinalAsync([CuttingUpstream.Good]))
        {
            Assert.True(IsComplete(result), $"{helper} {model}: {result.ToJsonString()}");
            Assert.Contains("Hi, \\u751F\\u547D!", result.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_NuGet_client_of_OpenAI_raises_on_every_cut_stream()
    {
        var client = new OpenAIClient(new ApiKeyCredential(_server.Key), new OpenAIClientOptions { Endpoint = new Uri(_server.Base + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
        foreach (var model in Models(CuttingUpstream.Cuts))
            await RaisesAsync(model, client.GetChatClient(model).CompleteChatStreamingAsync([new UserChatMessage("Hello")]));
    }

    [Fact]
    public async Task The_NuGet_client_of_Anthropic_raises_on_every_cut_stream()
    {
        var client = new AnthropicClient { ApiKey = _server.Key, BaseUrl = _server.Base, MaxRetries = 0 };
        foreach (var model in Models(CuttingUpstream.Cuts))
            await RaisesAsync(model, client.Messages.CreateStreaming(new MessageCreateParams { Model = model, MaxTokens = 64, Messages = [new UserMessageParam("Hello")] }));
    }

    private static async Task RaisesAsync<T>(string model, IAsyncEnumerable<T> stream)
    {
        var raised = await Record.ExceptionAsync(async () =>
        {
            await foreach (var _ in stream) { }
        });
        Assert.True(raised is not null, $"{model} was taken for an answer");
    }

    private async Task<List<(string Helper, string Model, JsonNode Result)>> FinalAsync(IReadOnlyList<string> cuts)
    {
        var calls = (from helper in Helpers from model in Models(cuts) select (helper, model)).ToList();
        var input = new JsonObject
        {
            ["base"] = _server.Base,
            ["compat"] = $"{_server.Base}/v1/{_server.Account}/default/compat",
            ["key"] = _server.Key,
            ["calls"] = new JsonArray([.. calls.Select(call => (JsonNode)new JsonObject { ["helper"] = call.helper, ["model"] = call.model })]),
        };
        var finished = await Program.RunAsync("node", [Path.Combine(Repository.Clients, "final.mjs")], input: input.ToJsonString() + "\n");
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return [.. calls.Zip(JsonNode.Parse(finished.Output)!.AsArray(), (call, result) => (call.helper, call.model, result!))];
    }

    /// <summary>A helper gave a value, and nothing in it says that it is not the whole answer.</summary>
    private static bool IsComplete(JsonNode result) => result["value"] is { } value
        && (value["status"]?.GetValue<string>() == "completed" || value["stop_reason"] is not null || value["choices"]?[0]?["finish_reason"] is not null);
}
