using System.Buffers;
using System.Globalization;
using System.Text.Json;
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
        // Never more than was asked for: what goes beyond the hold would be the operator's.
        var (texts, input, output) = (dice.Many(3, _ => dice.One("Hi", " there", "生", ".")), 1 + dice.Upto(5), 1 + dice.Upto(forms.Grpc.MaxTokens));
        var upstream = isClaude ? credited.Claude : credited.Lab;
        upstream.Standing = turn => forms.IsStreamed ? turn.StreamAsync(Frames(isClaude, texts, input, output)) : turn.WholeAsync(Whole(isClaude, texts, input, output));

        var rest = await credited.Server.PostAsync("/v1/chat/completions", forms.Rest.ToJsonString());
        var restAsked = upstream.Last;
        Assert.True(rest.Status == 200, rest.Text);
        var (text, usage) = forms.IsStreamed ? OfStream(rest.Text) : OfWhole(rest.Text);

        var (grpcText, grpcUsage, meta) = forms.IsStreamed ? OfChunks(await client.StreamAsync(forms.Grpc)) : OfMessage(await client.CompleteAsync(forms.Grpc));
        Assert.Equal(Neutral(isClaude, restAsked.Body), Neutral(isClaude, upstream.Last.Body));
        Assert.Equal(restAsked.Target, upstream.Last.Target);
        Assert.Equal((text, string.Concat(texts)), (grpcText, grpcText));
        Assert.Equal((Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"), Number(usage, "total_tokens"), Number(usage, "cost_in_usd_ticks")),
            (grpcUsage.PromptTokens, grpcUsage.CompletionTokens, grpcUsage.TotalTokens, grpcUsage.CostInUsdTicks));
        var cost = (input * Credited.Input) + (output * Credited.Output);
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

    private static (string Text, JsonNode Usage) OfWhole(string json)
    {
        var answer = JsonNode.Parse(json)!;
        return (answer["choices"]![0]!["message"]!["content"]?.GetValue<string>() ?? "", answer["usage"]!);
    }

    private static (string Text, JsonNode Usage) OfStream(string events)
    {
        var chunks = events.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(frame => frame != "data: [DONE]").Select(frame => JsonNode.Parse(frame["data: ".Length..])!).ToList();
        return (string.Concat(chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Select(choice => choice!["delta"]?["content"]?.GetValue<string>())), chunks.Last(chunk => chunk["usage"] is JsonObject)["usage"]!);
    }

    private static (string Text, SamplingUsage Usage, Func<string, string?> Meta) OfMessage(GrpcResult<GetChatCompletionResponse> answer)
    {
        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        return (Assert.Single(answer.Message.Outputs).Message.Content, answer.Message.Usage, answer.Meta);
    }

    private static (string Text, SamplingUsage Usage, Func<string, string?> Meta) OfChunks(GrpcResult<GetChatCompletionChunk> answer)
    {
        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        return (string.Concat(answer.Messages.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta.Content)), answer.Messages[^1].Usage, answer.Meta);
    }

    private static long Number(JsonNode usage, string name) => usage[name]!.GetValue<long>();

    private static string Whole(bool isClaude, List<string> texts, int input, int output) => isClaude
        ? Counted(Answers.Messages.Replace("\"Hi\"", JsonSerializer.Serialize(string.Concat(texts)), StringComparison.Ordinal), input, output).Replace("\"output_tokens\":1", $"\"output_tokens\":{output}", StringComparison.Ordinal)
        : Counted(Answers.Chat.Replace("\"Hi\"", JsonSerializer.Serialize(string.Concat(texts)), StringComparison.Ordinal), input, output);

    private static string[] Frames(bool isClaude, List<string> texts, int input, int output)
    {
        List<string> frames = isClaude
            ? [Answers.MessageStart, Answers.BlockStart, .. texts.Select(Answers.Delta), Answers.BlockStop, Answers.MessageDelta, Answers.MessageStop]
            : [Answers.Role, .. texts.Select(Answers.Chunk), Answers.Finish, Answers.Usage, Answers.Done];
        return [.. frames.Select(frame => Counted(frame, input, output))];
    }

    private static string Counted(string frame, int input, int output) => frame
        .Replace("\"total_tokens\":4", $"\"total_tokens\":{input + output}", StringComparison.Ordinal)
        .Replace("\"prompt_tokens\":3,\"completion_tokens\":1", $"\"prompt_tokens\":{input},\"completion_tokens\":{output}", StringComparison.Ordinal)
        .Replace("\"input_tokens\":3,\"output_tokens\":1", $"\"input_tokens\":{input},\"output_tokens\":1", StringComparison.Ordinal)
        .Replace("\"usage\":{\"output_tokens\":2}", $"\"usage\":{{\"output_tokens\":{output}}}", StringComparison.Ordinal);
}
