using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Credits;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>The same conversation through REST and through gRPC, in one governed server: one request upstream, one answer, one charge.</summary>
public sealed class SameAsRestTests
{
    [Fact]
    public async Task A_conversation_reaches_the_upstream_as_one_request_is_answered_with_one_text_and_usage_and_costs_the_same()
    {
        await using var credited = await Credited.StartAsync(1_000_000_000_000);
        using var client = new GrpcClient(credited.Server);
        var pairs = new List<(string OverRest, string OverGrpc, long Cost)>();

        await Dice.CheckAsync(async dice => pairs.Add(await OnceAsync(credited, client, dice).WaitAsync(Patience.Limit)), tests: 60);

        Assert.NotEmpty(pairs);
        await credited.NothingHeldAsync();
        var charges = (await credited.ChargesAsync()).ToDictionary(charge => charge.RequestId!, charge => -charge.AmountTicks);
        Assert.Equal(2 * pairs.Count, charges.Count);
        Assert.All(pairs, pair => Assert.Equal((pair.Cost, pair.Cost), (charges[pair.OverRest], charges[pair.OverGrpc])));
        await credited.CheckAsync();
    }

    private static async Task<(string OverRest, string OverGrpc, long Cost)> OnceAsync(Credited credited, GrpcClient client, Dice dice)
    {
        var isClaude = dice.Flip();
        var forms = BothForms.Make(dice, isClaude ? "priced-claude" : "priced");
        var said = SaidUpstream.Make(dice, forms.Grpc.MaxTokens);
        var upstream = isClaude ? credited.Claude : credited.Lab;
        upstream.Standing = turn => forms.IsStreamed ? turn.StreamAsync(said.Stream(isClaude)) : turn.WholeAsync(said.Whole(isClaude));

        var rest = await credited.Server.PostAsync("/v1/chat/completions", forms.Rest.ToJsonString());
        var restAsked = upstream.Last;
        Assert.True(rest.Status == 200, rest.Text);
        var (told, usage) = forms.IsStreamed ? OfStream(rest.Text) : OfWhole(rest.Text);

        var (grpcTold, grpcUsage, meta) = forms.IsStreamed ? OfChunks(await client.StreamAsync(forms.Grpc)) : OfMessage(await client.CompleteAsync(forms.Grpc));
        Assert.Equal(Neutral(isClaude, restAsked.Body), Neutral(isClaude, upstream.Last.Body));
        Assert.Equal(restAsked.Target, upstream.Last.Target);
        Assert.Equal((said.Told, said.Told), (told, grpcTold));
        var reasoning = isClaude ? 0 : said.Reasoning;
        Assert.Equal((Number(usage, "prompt_tokens"), Number(usage, "total_tokens"), Detail(usage, "prompt_tokens_details", "cached_tokens"), Number(usage, "cost_in_usd_ticks")),
            (grpcUsage.PromptTokens, grpcUsage.TotalTokens, grpcUsage.CachedPromptTextTokens, grpcUsage.CostInUsdTicks));
        // Reasoning stands beside the completion over gRPC (xai-api 3.4.8), whatever the upstream does.
        Assert.Equal((said.Input + said.Cached, said.Output - reasoning, reasoning, said.Cached),
            (grpcUsage.PromptTokens, grpcUsage.CompletionTokens, grpcUsage.ReasoningTokens, grpcUsage.CachedPromptTextTokens));
        var cost = (said.Input * Credited.Input) + (said.Cached * Credited.Cached) + (said.Output * Credited.Output);
        Assert.Equal((cost, cost.ToString(CultureInfo.InvariantCulture)), (grpcUsage.CostInUsdTicks, meta("x-milliways-cost-ticks")));
        return (rest.Header("x-request-id")!, meta("x-request-id")!, cost);
    }

    /// <summary>What an upstream of the same dialect is sent is the caller's own JSON over REST, so both are compared as what they say.</summary>
    private static string Neutral(bool isCrossed, byte[] body)
    {
        if (isCrossed)
            return System.Text.Encoding.UTF8.GetString(body);
        var request = ChatDialect.Instance.ReadRequest(body);
        Assert.True(request.IsOk, request.Failure?.ToString());
        var output = new ArrayBufferWriter<byte>();
        // Stops have no form in Responses; they are compared beside it.
        Assert.Null(ResponsesDialect.Instance.WriteRequest(request.Value with { Stop = [] }, new UpstreamTarget("-"), output, new HashSet<string>()));
        return System.Text.Encoding.UTF8.GetString(output.WrittenSpan) + string.Join(',', request.Value.Stop);
    }

    private static (string Told, JsonNode Usage) OfWhole(string json)
    {
        var answer = JsonNode.Parse(json)!;
        var message = answer["choices"]![0]!["message"]!;
        var calls = string.Concat((message["tool_calls"]?.AsArray() ?? []).Select(call => Text(call!["function"]!["name"]) + Text(call["function"]!["arguments"])));
        return (SaidUpstream.Tell(Text(message["reasoning_content"]), Text(message["content"]), calls), answer["usage"]!);
    }

    private static (string Told, JsonNode Usage) OfStream(string events)
    {
        var chunks = events.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(frame => frame != "data: [DONE]").Select(frame => JsonNode.Parse(frame["data: ".Length..])!).ToList();
        var deltas = chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Select(choice => choice!["delta"]).OfType<JsonNode>().ToList();
        var calls = string.Concat(deltas.SelectMany(delta => delta["tool_calls"]?.AsArray() ?? []).Select(call => Text(call!["function"]!["name"]) + Text(call["function"]!["arguments"])));
        return (SaidUpstream.Tell(string.Concat(deltas.Select(delta => Text(delta["reasoning_content"]))), string.Concat(deltas.Select(delta => Text(delta["content"]))), calls),
            chunks.Last(chunk => chunk["usage"] is JsonObject)["usage"]!);
    }

    private static (string Told, SamplingUsage Usage, Func<string, string?> Meta) OfMessage(GrpcResult<GetChatCompletionResponse> answer)
    {
        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        var message = Assert.Single(answer.Message.Outputs).Message;
        return (SaidUpstream.Tell(message.ReasoningContent, message.Content, Calls(message.ToolCalls)), answer.Message.Usage, answer.Meta);
    }

    private static (string Told, SamplingUsage Usage, Func<string, string?> Meta) OfChunks(GrpcResult<GetChatCompletionChunk> answer)
    {
        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        var deltas = answer.Messages.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta).ToList();
        return (SaidUpstream.Tell(string.Concat(deltas.Select(delta => delta.ReasoningContent)), string.Concat(deltas.Select(delta => delta.Content)), string.Concat(deltas.Select(delta => Calls(delta.ToolCalls)))),
            answer.Messages[^1].Usage, answer.Meta);
    }

    private static string Calls(IEnumerable<ToolCall> calls) => string.Concat(calls.Select(call => call.Function.Name + call.Function.Arguments));

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";

    private static long Number(JsonNode usage, string name) => usage[name]!.GetValue<long>();

    private static long Detail(JsonNode usage, string details, string name) => usage[details]?[name]?.GetValue<long>() ?? 0;
}
