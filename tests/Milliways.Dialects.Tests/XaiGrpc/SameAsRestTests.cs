using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>The same conversation over REST and over gRPC is the same to everything behind the dialects, and the same answer is the same to the caller.</summary>
public sealed class SameAsRestTests
{
    [Fact]
    public void The_same_conversation_is_the_same_request() => Dice.Check((dice, _) =>
    {
        // TopK is no word of gRPC's; the rest is both dialects'.
        var request = RequestPropertyTests.Make(dice) with
        {
            TopK = null, N = 1 + dice.Upto(3), Seed = dice.Flip() ? dice.Upto(900) - 400 : null, TopP = dice.Flip() ? dice.Upto(100) / 100.0 : null,
            FrequencyPenalty = dice.Flip() ? (dice.Upto(41) - 20) / 10.0 : null, PresencePenalty = dice.Flip() ? (dice.Upto(41) - 20) / 10.0 : null,
            Logprobs = dice.Flip(), TopLogprobs = dice.Flip() ? dice.Upto(9) : null, ServiceTier = dice.One(null, "default", "priority"),
            Thinking = dice.One<ChatThinking?>(null, new ChatThinking(ThinkingMode.Adaptive) { Effort = "low" }, new ChatThinking(ThinkingMode.Disabled) { Effort = "none" }, new ChatThinking(ThinkingMode.Adaptive) { Effort = "xhigh" }),
        };
        if (request.Tools.Count > 0 && dice.Flip()) request = request with { ParallelToolCalls = false };

        var rest = Requests.Chat(request);
        Assert.Null(rest.Failure);
        var dropped = new List<string>();
        var message = Dialects.XaiGrpc.RequestWriter.Write(request, new UpstreamTarget("m"), dropped);
        Assert.True(message.IsOk, message.Failure?.ToString());
        Assert.Empty(dropped);

        var overRest = Dialects.OpenAiChat.RequestReader.Read(rest.Bytes).Value!;
        var overGrpc = Dialects.XaiGrpc.RequestReader.Read(message.Value!.ToByteArray(), request.Stream ? GrpcReadOptions.Streamed : GrpcReadOptions.Whole).Value!;
        Assert.Equal(Told(overRest), Told(overGrpc));
        Assert.Equal(TokenEstimate.OfPrompt(overRest), TokenEstimate.OfPrompt(overGrpc));
        Assert.Equal(Requests.Messages(overRest with { Logprobs = false, TopLogprobs = null, N = 1 }).Text, Requests.Messages(overGrpc with { Logprobs = false, TopLogprobs = null, N = 1 }).Text);
    });

    [Fact]
    public void The_same_events_are_the_same_answer_usage_and_cost() => Dice.Check((dice, sizes) =>
    {
        // gRPC has no word for a filter's end, nor for tokens that were written to a cache: those are prompt tokens like others.
        List<ChatEvent> events = [.. Answers.Events(dice, choices: 1 + dice.Upto(3)).Select(each => each switch
        {
            ChatEvent.Finished { Reason: StopReason.ContentFilter } end => end with { Reason = StopReason.EndTurn },
            ChatEvent.UsageReported { Usage: var usage } => new ChatEvent.UsageReported(usage with { Input = usage.Input + usage.CacheWrite, CacheWrite = 0 }),
            _ => each,
        })];
        var ticks = dice.Flip() ? 1 + dice.Upto(900) : (long?)null;
        var rest = Wire.ReadChat(Wire.WriteChat(events, Flavour.Xai, ticks: ticks), sizes);
        var expected = Texts.Of(rest.Fold);

        var chunks = Grpc.Stream(events, ticks: ticks);
        Assert.Equal(expected, Texts.Of(Grpc.ReadStream(chunks.Select(chunk => chunk.ToByteArray())).Fold));
        Assert.Equal(ticks, chunks[^1].Usage.HasCostInUsdTicks ? chunks[^1].Usage.CostInUsdTicks : null);
        Assert.All(chunks.SkipLast(1), chunk => Assert.False(chunk.Usage.HasCostInUsdTicks));

        var whole = Grpc.Whole(events, ticks: ticks);
        Assert.Equal(Texts.Of(Wire.ReadChatAnswer(Wire.WriteChatAnswer(Wire.Fold(events), Flavour.Xai)).Fold), Texts.Of(Grpc.ReadAnswer(whole.ToByteArray()).Fold));
        Assert.Equal(chunks[^1].Usage, whole.Usage);
        using var json = JsonDocument.Parse(Wire.WriteChatAnswer(Wire.Fold(events), Flavour.Xai));
        var usage = json.RootElement.GetProperty("usage");
        Assert.Equal((usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32()),
            (whole.Usage.PromptTokens, whole.Usage.CompletionTokens, whole.Usage.TotalTokens));
        Assert.Equal((usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32(), usage.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32()),
            (whole.Usage.CachedPromptTextTokens, whole.Usage.ReasoningTokens));
    });

    /// <summary>xai-sdk's own way of putting the chunks of a stream together (xai-api 3.3).</summary>
    [Fact]
    public void A_client_that_overwrites_and_appends_has_the_whole_answer_in_the_end() => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice, choices: 1 + dice.Upto(2));
        var whole = Grpc.Whole(events, ticks: 5);
        var joined = new GetChatCompletionResponse();
        var (texts, thoughts) = (new Dictionary<int, StringBuilder>(), new Dictionary<int, StringBuilder>());
        foreach (var chunk in Grpc.Stream(events, ticks: 5))
        {
            (joined.Id, joined.Model, joined.Created, joined.SystemFingerprint, joined.Usage) = (chunk.Id, chunk.Model, chunk.Created, chunk.SystemFingerprint, chunk.Usage);
            joined.Citations.AddRange(chunk.Citations);
            foreach (var piece in chunk.Outputs.Where(piece => piece.Delta.Role == MessageRole.RoleAssistant))
            {
                while (joined.Outputs.Count <= piece.Index) joined.Outputs.Add(new CompletionOutput { Index = joined.Outputs.Count, Message = new CompletionMessage() });
                var output = joined.Outputs[piece.Index];
                (output.FinishReason, output.Message.Role) = (piece.FinishReason, piece.Delta.Role);
                output.Message.Content = texts.GetOrAdd(piece.Index).Append(piece.Delta.Content).ToString();
                output.Message.ReasoningContent = thoughts.GetOrAdd(piece.Index).Append(piece.Delta.ReasoningContent).ToString();
                output.Message.ToolCalls.AddRange(piece.Delta.ToolCalls);
            }
        }

        joined.Settings = whole.Settings;
        // Calls come in the order of their indexes in both.
        Assert.Equal(whole, joined);
    });

    private static string Told(ChatRequest request) =>
        string.Join('\n', Texts.Of(request), request.FrequencyPenalty, request.PresencePenalty, request.Logprobs, request.TopLogprobs, string.Join(',', request.Sealed), string.Join(',', request.Other.Keys));
}

file static class Builders
{
    public static StringBuilder GetOrAdd(this Dictionary<int, StringBuilder> builders, int index)
    {
        if (!builders.TryGetValue(index, out var builder)) builders[index] = builder = new StringBuilder();
        return builder;
    }
}
