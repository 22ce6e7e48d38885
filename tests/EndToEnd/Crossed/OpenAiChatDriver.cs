using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using Milliways.Tests.Support;
using OpenAI;
using OpenAI.Chat;

namespace Milliways.EndToEnd.Crossed;

/// <summary>The Chat client of the NuGet package <c>OpenAI</c>.</summary>
internal sealed class OpenAiChatDriver(Job job)
{
    private const string NoReasoning = "the package's Chat has no member for reasoning";

    public static IReadOnlyDictionary<string, string> Absent { get; } = new Dictionary<string, string>
    {
        ["final"] = "the package has no helper that puts a Chat stream together",
        ["tools, streamed"] = "the package has no helper that puts a Chat stream together",
        ["schema, streamed"] = "the package has no helper that puts a Chat stream together",
        ["reasoning"] = NoReasoning,
        ["reasoning, streamed"] = NoReasoning,
    };

    public static IReadOnlyDictionary<string, Func<Call, Task<JsonObject>>> Claims(Job job)
    {
        var driver = new OpenAiChatDriver(job);
        return new Dictionary<string, Func<Call, Task<JsonObject>>>
        {
            ["chat"] = driver.AskAsync,
            ["stream"] = driver.StreamAsync,
            ["tools"] = driver.ToolsAsync,
            ["schema"] = driver.SchemaAsync,
            ["picture"] = call => driver.PictureAsync(call, ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(ImageFiles.Png), "image/png")),
            ["picture by address"] = call => driver.PictureAsync(call, ChatMessageContentPart.CreateImagePart(new Uri(job.PictureAddress))),
            ["Retry-After"] = driver.AskPatientlyAsync,
            ["retry of a 503"] = driver.AskPatientlyAsync,
            ["429"] = driver.AskAsync,
            ["400"] = driver.AskAsync,
            ["upstream 401"] = driver.AskAsync,
            ["500"] = driver.AskAsync,
            ["cut"] = driver.StreamAsync,
        };
    }

    private async Task<JsonObject> AskAsync(Call call) => Told(await Client(call, patient: false).CompleteChatAsync([new UserChatMessage(call.Text)]));

    private async Task<JsonObject> AskPatientlyAsync(Call call) => Told(await Client(call, patient: true).CompleteChatAsync([new UserChatMessage(call.Text)]));

    private async Task<JsonObject> StreamAsync(Call call)
    {
        var (text, pieces, result) = ("", 0, new JsonObject());
        await foreach (var update in Client(call, patient: false).CompleteChatStreamingAsync([new UserChatMessage(call.Text)]))
        {
            var piece = string.Concat(update.ContentUpdate.Select(part => part.Text));
            text += piece;
            pieces += piece.Length > 0 ? 1 : 0;
            if (update.FinishReason is { } reason)
                result["ending"] = reason.ToString();
            if (update.Usage is { } usage)
                (result["input"], result["output"]) = (usage.InputTokenCount, usage.OutputTokenCount);
        }
        (result["text"], result["pieces"]) = (text, pieces);
        return result;
    }

    private async Task<JsonObject> ToolsAsync(Call call)
    {
        var (calls, turns, options) = (new JsonArray(), new List<ChatMessage> { new UserChatMessage(call.Text) }, new ChatCompletionOptions());
        foreach (var (name, schema) in Functions.All)
            options.Tools.Add(ChatTool.CreateFunctionTool(name, "A function", BinaryData.FromString(schema)));
        while (true)
        {
            ChatCompletion answer = await Client(call, patient: false).CompleteChatAsync(turns, options);
            if (answer.FinishReason != ChatFinishReason.ToolCalls)
            {
                var result = Told(answer);
                result["calls"] = calls;
                return result;
            }
            turns.Add(new AssistantChatMessage(answer));
            foreach (var wanted in answer.ToolCalls)
                turns.Add(new ToolChatMessage(wanted.Id, Functions.Run(wanted.FunctionName, wanted.FunctionArguments.ToString(), calls)));
        }
    }

    private async Task<JsonObject> SchemaAsync(Call call)
    {
        var options = new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("weather", BinaryData.FromString(Functions.Weather), jsonSchemaIsStrict: true) };
        ChatCompletion answer = await Client(call, patient: false).CompleteChatAsync([new UserChatMessage(call.Text)], options);
        return new JsonObject { ["object"] = JsonNode.Parse(answer.Content[0].Text) };
    }

    private async Task<JsonObject> PictureAsync(Call call, ChatMessageContentPart picture) =>
        Told(await Client(call, patient: false).CompleteChatAsync([new UserChatMessage(ChatMessageContentPart.CreateTextPart(call.Text), picture)]));

    private ChatClient Client(Call call, bool patient)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(job.Base + "/v1") };
        if (!patient)
            options.RetryPolicy = new ClientRetryPolicy(0);
        return new OpenAIClient(new ApiKeyCredential(job.Key), options).GetChatClient(call.Model);
    }

    private static JsonObject Told(ChatCompletion answer) => new()
    {
        ["text"] = string.Concat(answer.Content.Select(part => part.Text)),
        ["ending"] = answer.FinishReason.ToString(),
        ["input"] = answer.Usage.InputTokenCount,
        ["output"] = answer.Usage.OutputTokenCount,
    };
}
