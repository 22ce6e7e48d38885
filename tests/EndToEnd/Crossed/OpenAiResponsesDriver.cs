#pragma warning disable OPENAI001 // The package calls its Responses client an experiment; it is the one that people use.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using Milliways.Tests.Support;
using OpenAI.Responses;

namespace Milliways.EndToEnd.Crossed;

/// <summary>The Responses client of the NuGet package <c>OpenAI</c>.</summary>
internal sealed class OpenAiResponsesDriver(Job job)
{
    private readonly ResponsesClient _once = Client(job, patient: false);
    private readonly ResponsesClient _patient = Client(job, patient: true);

    public static IReadOnlyDictionary<string, string> Absent { get; } = new Dictionary<string, string>
    {
        ["final"] = "the stream's last event holds the whole response, which the claim on streams reads",
    };

    public static IReadOnlyDictionary<string, Func<Call, Task<JsonObject>>> Claims(Job job)
    {
        var driver = new OpenAiResponsesDriver(job);
        return new Dictionary<string, Func<Call, Task<JsonObject>>>
        {
            ["chat"] = call => driver.AskAsync(Options(call)),
            ["stream"] = call => driver.StreamAsync(Options(call)),
            ["tools"] = call => ToolsAsync(call, async options => await driver._once.CreateResponseAsync(options)),
            ["tools, streamed"] = call => ToolsAsync(call, async options => (await driver.CollectAsync(options)).Whole!),
            ["schema"] = async call => Object(await driver._once.CreateResponseAsync(Structured(call))),
            ["schema, streamed"] = async call => Object((await driver.CollectAsync(Structured(call))).Whole!),
            ["picture"] = call => driver.AskAsync(Options(call, ResponseContentPart.CreateInputImagePart(new BinaryData(ImageFiles.Png, "image/png")))),
            ["picture by address"] = call => driver.AskAsync(Options(call, ResponseContentPart.CreateInputImagePart(new Uri(job.PictureAddress)))),
            ["reasoning"] = call => driver.AskAsync(Thinking(call)),
            ["reasoning, streamed"] = call => driver.StreamAsync(Thinking(call)),
            ["Retry-After"] = async call => Told(await driver._patient.CreateResponseAsync(Options(call))),
            ["retry of a 503"] = async call => Told(await driver._patient.CreateResponseAsync(Options(call))),
            ["429"] = call => driver.AskAsync(Options(call)),
            ["400"] = call => driver.AskAsync(Options(call)),
            ["upstream 401"] = call => driver.AskAsync(Options(call)),
            ["500"] = call => driver.AskAsync(Options(call)),
            ["cut"] = call => driver.StreamAsync(Options(call)),
        };
    }

    private async Task<JsonObject> AskAsync(CreateResponseOptions options) => Told(await _once.CreateResponseAsync(options));

    private async Task<JsonObject> StreamAsync(CreateResponseOptions options)
    {
        var (whole, pieces, failure) = await CollectAsync(options);
        if (failure is not null)
            return new JsonObject { ["incomplete"] = failure };
        var result = whole is null ? [] : Told(whole);
        result["pieces"] = pieces;
        return result;
    }

    private async Task<(ResponseResult? Whole, int Pieces, string? Failure)> CollectAsync(CreateResponseOptions options)
    {
        options.StreamingEnabled = true;
        var (whole, pieces, failure) = ((ResponseResult?)null, 0, (string?)null);
        await foreach (var update in await _once.CreateResponseStreamingAsync(options))
        {
            pieces += update is StreamingResponseOutputTextDeltaUpdate ? 1 : 0;
            whole = (update as StreamingResponseCompletedUpdate)?.Response ?? whole;
            failure = update switch
            {
                StreamingResponseFailedUpdate failed => failed.Response.Error?.Message ?? "failed",
                StreamingResponseErrorUpdate error => error.Message,
                _ => failure,
            };
        }
        return (whole, pieces, failure);
    }

    private static async Task<JsonObject> ToolsAsync(Call call, Func<CreateResponseOptions, Task<ResponseResult>> send)
    {
        var (calls, items) = (new JsonArray(), new List<ResponseItem> { ResponseItem.CreateUserMessageItem(call.Text) });
        while (true)
        {
            var options = new CreateResponseOptions(call.Model, items);
            foreach (var (name, schema) in Functions.All)
                options.Tools.Add(ResponseTool.CreateFunctionTool(name, BinaryData.FromString(schema), true, "A function"));
            var answer = await send(options);
            var wanted = answer.OutputItems.OfType<FunctionCallResponseItem>().ToList();
            if (wanted.Count == 0)
                return new JsonObject { ["text"] = answer.GetOutputText(), ["calls"] = calls };
            items.AddRange(answer.OutputItems);
            items.AddRange(wanted.Select(one => ResponseItem.CreateFunctionCallOutputItem(one.CallId, Functions.Run(one.FunctionName, one.FunctionArguments.ToString(), calls))));
        }
    }

    private static CreateResponseOptions Options(Call call, params ResponseContentPart[] more) =>
        new(call.Model, [ResponseItem.CreateUserMessageItem([ResponseContentPart.CreateInputTextPart(call.Text), .. more])]);

    private static CreateResponseOptions Structured(Call call)
    {
        var options = Options(call);
        options.TextOptions = new ResponseTextOptions { TextFormat = ResponseTextFormat.CreateJsonSchemaFormat("weather", BinaryData.FromString(Functions.Weather), null, true) };
        return options;
    }

    private static CreateResponseOptions Thinking(Call call)
    {
        var options = Options(call);
        options.ReasoningOptions = new ResponseReasoningOptions { ReasoningEffortLevel = ResponseReasoningEffortLevel.Low, ReasoningSummaryVerbosity = ResponseReasoningSummaryVerbosity.Auto };
        return options;
    }

    private static ResponsesClient Client(Job job, bool patient)
    {
        var options = new ResponsesClientOptions { Endpoint = new Uri(job.Base + "/v1") };
        if (!patient)
            options.RetryPolicy = new ClientRetryPolicy(0);
        return new ResponsesClient(new ApiKeyCredential(job.Key), options);
    }

    private static JsonObject Object(ResponseResult answer) => new() { ["object"] = JsonNode.Parse(answer.GetOutputText()) };

    private static JsonObject Told(ResponseResult answer) => new()
    {
        ["text"] = answer.GetOutputText(),
        ["ending"] = answer.Status?.ToString(),
        ["input"] = answer.Usage.InputTokenCount,
        ["output"] = answer.Usage.OutputTokenCount,
        ["reasoning"] = string.Concat(answer.OutputItems.OfType<ReasoningResponseItem>().Select(item => item.GetSummaryText())),
    };
}
