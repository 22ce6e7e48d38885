using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Models.Messages;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Crossed;

/// <summary>The NuGet package <c>Anthropic</c>.</summary>
internal sealed class AnthropicDriver(Job job)
{
    public static IReadOnlyDictionary<string, string> Absent { get; } = new Dictionary<string, string>();

    public static string Names(int status) => status switch
    {
        400 => "AnthropicBadRequestException",
        429 => "AnthropicRateLimitException",
        _ => "Anthropic5xxException",
    };

    public static IReadOnlyDictionary<string, Func<Call, Task<JsonObject>>> Claims(Job job)
    {
        var driver = new AnthropicDriver(job);
        Func<MessageCreateParams, Task<Message>> whole = driver.WholeAsync, final = driver.FinalAsync, patient = driver.PatientAsync;
        return new Dictionary<string, Func<Call, Task<JsonObject>>>
        {
            ["chat"] = call => TellAsync(whole(Body(call))),
            ["stream"] = driver.StreamAsync,
            ["final"] = call => TellAsync(final(Body(call))),
            ["tools"] = call => ToolsAsync(call, whole),
            ["tools, streamed"] = call => ToolsAsync(call, final),
            ["schema"] = async call => Object(await whole(Structured(call))),
            ["schema, streamed"] = async call => Object(await final(Structured(call))),
            ["picture"] = call => TellAsync(whole(Seeing(call, new Base64ImageSource { Data = Convert.ToBase64String(ImageFiles.Png), MediaType = "image/png" }))),
            ["picture by address"] = call => TellAsync(whole(Seeing(call, new UrlImageSource(job.PictureAddress)))),
            ["reasoning"] = call => TellAsync(whole(Thinking(call))),
            ["reasoning, streamed"] = call => TellAsync(final(Thinking(call))),
            ["Retry-After"] = call => TellAsync(patient(Body(call))),
            ["retry of a 503"] = call => TellAsync(patient(Body(call))),
            ["429"] = call => TellAsync(whole(Body(call))),
            ["400"] = call => TellAsync(whole(Body(call))),
            ["upstream 401"] = call => TellAsync(whole(Body(call))),
            ["500"] = call => TellAsync(whole(Body(call))),
            ["cut"] = call => TellAsync(final(Body(call))),
        };
    }

    private Task<Message> WholeAsync(MessageCreateParams body) => Once().Messages.Create(body);

    private Task<Message> PatientAsync(MessageCreateParams body) => new AnthropicClient { ApiKey = job.Key, BaseUrl = job.Base }.Messages.Create(body);

    /// <summary>The package's own helper puts the stream together.</summary>
    private Task<Message> FinalAsync(MessageCreateParams body) => Once().Messages.CreateStreaming(body).Aggregate();

    private async Task<JsonObject> StreamAsync(Call call)
    {
        var (text, pieces, result) = ("", 0, new JsonObject());
        await foreach (var item in Once().Messages.CreateStreaming(Body(call)))
        {
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var piece))
                (text, pieces) = (text + piece.Text, pieces + 1);
            if (item.TryPickDelta(out var end))
            {
                result["ending"] = end.Delta.StopReason?.Raw();
                result["input"] = (int)((end.Usage.InputTokens ?? 0) + (end.Usage.CacheReadInputTokens ?? 0));
                result["output"] = (int)end.Usage.OutputTokens;
            }
        }
        (result["text"], result["pieces"]) = (text, pieces);
        return result;
    }

    private AnthropicClient Once() => new() { ApiKey = job.Key, BaseUrl = job.Base, MaxRetries = 0 };

    private static async Task<JsonObject> ToolsAsync(Call call, Func<MessageCreateParams, Task<Message>> send)
    {
        var (calls, turns) = (new JsonArray(), new List<MessageParam> { new UserMessageParam(call.Text) });
        while (true)
        {
            var answer = await send(Body(call) with
            {
                Messages = turns.ToList(),
                Tools = [.. Functions.All.Select(function => (ToolUnion)new Tool { Name = function.Name, Description = "A function", InputSchema = InputSchema.FromRawUnchecked(Functions.Members(function.Schema)) })],
            });
            var wanted = answer.Content.Select(block => block.TryPickToolUse(out var use) ? use : null).Where(use => use is not null).ToList();
            if (wanted.Count == 0)
            {
                var result = Told(answer);
                result["calls"] = calls;
                return result;
            }
            turns.Add(new AssistantMessageParam(new MessageContentParam(JsonSerializer.SerializeToElement(answer.Content))));
            turns.Add(new UserMessageParam(new List<ContentBlockParam>(wanted.Select(use =>
                (ContentBlockParam)new ToolResultBlockParam(use!.ID) { Content = Functions.Run(use.Name, JsonSerializer.Serialize(use.Input), calls) }))));
        }
    }

    private static MessageCreateParams Body(Call call) => new() { Model = call.Model, MaxTokens = 4000, Messages = [new UserMessageParam(call.Text)] };

    private static MessageCreateParams Structured(Call call) =>
        Body(call) with { OutputConfig = new OutputConfig { Format = new JsonOutputFormat { Schema = Functions.Members(Functions.Weather) } } };

    private static MessageCreateParams Thinking(Call call) => Body(call) with { Thinking = new ThinkingConfigEnabled(1024) };

    private static MessageCreateParams Seeing(Call call, ImageBlockParamSource picture) =>
        Body(call) with { Messages = [new UserMessageParam(new List<ContentBlockParam> { new ImageBlockParam(picture), new TextBlockParam(call.Text) })] };

    private static async Task<JsonObject> TellAsync(Task<Message> message) => Told(await message);

    private static JsonObject Object(Message message) => new() { ["object"] = JsonNode.Parse(Text(message)) };

    private static string Text(Message message) => string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : ""));

    private static JsonObject Told(Message message) => new()
    {
        ["text"] = Text(message),
        ["ending"] = message.StopReason?.Raw(),
        ["input"] = (int)(message.Usage.InputTokens + (message.Usage.CacheReadInputTokens ?? 0)),
        ["output"] = (int)message.Usage.OutputTokens,
        ["reasoning"] = string.Concat(message.Content.Select(block => block.TryPickThinking(out var thinking) ? thinking.Thinking : "")),
    };
}
