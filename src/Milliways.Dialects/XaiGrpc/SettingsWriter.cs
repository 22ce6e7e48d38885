using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A request's settings as an answer repeats them (RequestSettings). Tools of the server's are not among them.</summary>
internal static class SettingsWriter
{
    public static RequestSettings Of(ChatRequest request)
    {
        var settings = new RequestSettings
        {
            ParallelToolCalls = request.ParallelToolCalls ?? true,
            User = request.User ?? "",
            StoreMessages = Asked.ToStore(request),
            UseEncryptedContent = request.EncryptedReasoning,
        };
        if (request.MaxOutputTokens is { } most) settings.MaxTokens = most;
        if (request.Temperature is { } temperature) settings.Temperature = (float)temperature;
        if (request.TopP is { } topP) settings.TopP = (float)topP;
        if (Asked.PreviousId(request) is { } previous) settings.PreviousResponseId = previous;
        if (Effort(request.Thinking?.Effort) is { } effort) settings.ReasoningEffort = effort;
        if (request.ResponseFormat is { } format) settings.ResponseFormat = Of(format);
        if (request.ToolChoice is { } choice) settings.ToolChoice = Of(choice);
        foreach (var tool in request.Tools) settings.Tools.Add(new Tool { Function = Of(tool) });
        settings.Include.AddRange(Asked.Included(request));
        return settings;
    }

    public static Protos.ReasoningEffort? Effort(string? word) => word switch
    {
        "none" => Protos.ReasoningEffort.EffortNone,
        "minimal" or "low" => Protos.ReasoningEffort.EffortLow,
        "medium" => Protos.ReasoningEffort.EffortMedium,
        "high" => Protos.ReasoningEffort.EffortHigh,
        "xhigh" or "max" => Protos.ReasoningEffort.EffortXhigh,
        _ => null,
    };

    public static ResponseFormat Of(ChatResponseFormat format)
    {
        var message = new ResponseFormat
        {
            FormatType = format.Kind switch
            {
                ResponseFormatKind.JsonObject => FormatType.JsonObject,
                ResponseFormatKind.JsonSchema => FormatType.JsonSchema,
                _ => FormatType.Text,
            },
        };
        if (format.Schema is { } schema) message.Schema = JsonText.Compact(schema);
        return message;
    }

    public static ToolChoice Of(ChatToolChoice choice) => choice.Mode switch
    {
        ToolChoiceMode.None => new ToolChoice { Mode = ToolMode.None },
        ToolChoiceMode.Required => new ToolChoice { Mode = ToolMode.Required },
        ToolChoiceMode.Named => new ToolChoice { FunctionName = choice.Name },
        _ => new ToolChoice { Mode = ToolMode.Auto },
    };

    public static Function Of(ChatTool tool) => new()
    {
        Name = tool.Name, Description = tool.Description ?? "", Strict = tool.Strict ?? false, Parameters = tool.Parameters is { } schema ? JsonText.Compact(schema) : "",
    };
}
