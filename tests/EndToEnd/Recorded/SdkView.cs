using System.Text.Json.Nodes;
using Google.Protobuf;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.EndToEnd.Recorded;

/// <summary>What xai-sdk reads of an answer (vectors, client_expects; xai-api 3.3).</summary>
internal static class SdkView
{
    /// <returns>The id by which a later call of the conversation names this answer, where there is one.</returns>
    public static string? Check(RecordedCall call, RawAnswer answer)
    {
        switch (call.Method)
        {
            case "/xai_api.Chat/GetCompletion":
                return Whole(GetCompletionsRequest.Parser.ParseFrom(call.Message), answer);
            case "/xai_api.Chat/GetCompletionChunk":
                Stream(GetCompletionsRequest.Parser.ParseFrom(call.Message), answer);
                return null;
            case "/xai_api.Chat/StartDeferredCompletion":
                return Required(One(StartDeferredResponse.Parser, answer).RequestId);
            case "/xai_api.Chat/GetStoredCompletion":
                Answer(One(GetChatCompletionResponse.Parser, answer));
                return null;
            case "/xai_api.Chat/DeleteStoredCompletion":
                Required(One(DeleteStoredCompletionResponse.Parser, answer).ResponseId);
                return null;
            case "/xai_api.Models/ListLanguageModels":
                Model(Assert.Single(One(ListLanguageModelsResponse.Parser, answer).Models, model => model.Name == "grok-beta"));
                return null;
            case "/xai_api.Models/GetLanguageModel":
                Model(One(LanguageModel.Parser, answer));
                return null;
            case "/xai_api.Models/ListEmbeddingModels":
                One(ListEmbeddingModelsResponse.Parser, answer);
                return null;
            case "/xai_api.Tokenize/TokenizeText":
                var tokens = One(TokenizeTextResponse.Parser, answer);
                Assert.Equal(TokenizeTextRequest.Parser.ParseFrom(call.Message).Text, ByteString.CopyFrom([.. tokens.Tokens.SelectMany(token => token.TokenBytes)]).ToStringUtf8());
                Assert.All(tokens.Tokens, token => Required(token.StringToken));
                return null;
            case "/xai_api.Auth/get_api_key_info":
                var key = One(ApiKey.Parser, answer);
                Assert.Matches(@"^xai-\.\.\..{4}$", key.RedactedApiKey);
                Assert.NotEmpty(key.Acls);
                Required(key.TeamId);
                return null;
            default:
                throw new InvalidOperationException($"Nothing says what the SDK reads of {call.Method}.");
        }
    }

    public static bool IsPending(RawAnswer answer) => One(GetDeferredCompletionResponse.Parser, answer).Status == DeferredStatus.Pending;

    public static void Done(RawAnswer answer)
    {
        var deferred = One(GetDeferredCompletionResponse.Parser, answer);
        Assert.Equal(DeferredStatus.Done, deferred.Status);
        Answer(deferred.Response);
    }

    private static string Whole(GetCompletionsRequest asked, RawAnswer raw)
    {
        var answer = One(GetChatCompletionResponse.Parser, raw);
        Answer(answer);
        if (Calls(asked))
        {
            Assert.Equal(FinishReason.ReasonToolCalls, answer.Outputs[0].FinishReason);
            CheckCalls(answer.Outputs[0].Message.ToolCalls);
        }
        else
        {
            Assert.Equal(FinishReason.ReasonStop, answer.Outputs[0].FinishReason);
            Required(answer.Outputs[0].Message.Content);
        }
        if (asked.ResponseFormat?.FormatType == FormatType.JsonSchema)
            Assert.IsType<JsonObject>(JsonNode.Parse(answer.Outputs[0].Message.Content));
        return answer.Id;
    }

    /// <summary>As the SDK puts a stream together: what is only of roles it knows, appended; the rest from the last chunk.</summary>
    private static void Stream(GetCompletionsRequest asked, RawAnswer raw)
    {
        var chunks = raw.Messages.Select(GetChatCompletionChunk.Parser.ParseFrom).ToList();
        Assert.All(chunks, chunk =>
        {
            Assert.Equal((chunks[0].Id, chunks[0].Model, chunks[0].Created), (Required(chunk.Id), Required(chunk.Model), chunk.Created));
            Assert.NotNull(chunk.Usage);
            Assert.All(chunk.Outputs, output => Assert.Equal(MessageRole.RoleAssistant, output.Delta.Role));
        });
        var deltas = chunks.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta).ToList();
        if (raw.Status != "0")
        {
            Assert.NotEmpty(string.Concat(deltas.Select(delta => delta.Content)));
            Assert.DoesNotContain(chunks, chunk => chunk.Outputs.Any(output => output.FinishReason == FinishReason.ReasonStop));
            return;
        }
        var last = chunks[^1];
        Assert.True(last.Usage.TotalTokens > 0);
        Assert.Equal(Calls(asked) ? FinishReason.ReasonToolCalls : FinishReason.ReasonStop, Assert.Single(last.Outputs).FinishReason);
        if (Calls(asked))
            CheckCalls(deltas.SelectMany(delta => delta.ToolCalls));
        else
            Required(string.Concat(deltas.Select(delta => delta.Content)));
    }

    private static void Answer(GetChatCompletionResponse answer)
    {
        Required(answer.Id);
        Required(answer.Model);
        Assert.True(answer.Created.Seconds > 0);
        Assert.True(answer.Usage is { PromptTokens: > 0, CompletionTokens: > 0 } usage && usage.TotalTokens == usage.PromptTokens + usage.CompletionTokens + usage.ReasoningTokens, answer.Usage.ToString());
        Assert.Equal(Enumerable.Range(0, answer.Outputs.Count), answer.Outputs.Select(output => output.Index));
        Assert.All(answer.Outputs, output => Assert.Equal(MessageRole.RoleAssistant, output.Message.Role));
    }

    /// <summary>Each whole, with an id of its own: the SDK appends calls and joins nothing.</summary>
    private static void CheckCalls(IEnumerable<ToolCall> calls)
    {
        var all = calls.ToList();
        Assert.NotEmpty(all);
        Assert.Equal(all.Count, all.Select(call => Required(call.Id)).Distinct().Count());
        Assert.All(all, call =>
        {
            Assert.Equal(ToolCallType.ClientSideTool, call.Type);
            Required(call.Function.Name);
            Assert.IsType<JsonObject>(JsonNode.Parse(call.Function.Arguments));
        });
    }

    private static void Model(LanguageModel model)
    {
        Assert.Equal("grok-beta", model.Name);
        Required(model.Version);
        Assert.Contains(Modality.Text, model.InputModalities);
    }

    /// <summary>The scripted upstream calls a function wherever it may and has no results yet.</summary>
    private static bool Calls(GetCompletionsRequest asked) => asked.Tools.Count > 0 && asked.Messages[^1].Role != MessageRole.RoleTool;

    private static T One<T>(MessageParser<T> parser, RawAnswer answer) where T : IMessage<T> => parser.ParseFrom(Assert.Single(answer.Messages));

    private static string Required(string text)
    {
        Assert.NotEmpty(text);
        return text;
    }
}
