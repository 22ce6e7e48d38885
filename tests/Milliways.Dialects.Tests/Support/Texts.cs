using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Folds and requests as text, so that two can be compared and a difference can be read.</summary>
public static class Texts
{
    /// <param name="fold">An answer.</param>
    /// <param name="compact">Arguments without white space: a message holds them as an object.</param>
    public static string Of(ChatFold fold, bool compact = false)
    {
        var text = new StringBuilder();
        foreach (var choice in fold.Choices)
        {
            text.Append("choice ").Append(choice.Index).Append(' ').Append(choice.Reason).Append(' ').Append(choice.StopSequence).Append('\n');
            foreach (var part in choice.Parts) text.Append("  ").Append(Of(part is ChatPart.ToolCall call && compact ? call with { Arguments = JsonSerializer.Serialize(Dice.Json(call.Arguments)) } : part)).Append('\n');
        }

        return text.Append("usage ").Append(fold.Usage).Append(" failure ").Append(fold.Failure).Append(" complete ").Append(fold.IsComplete).ToString();
    }

    public static string Of(ChatPart part) => part switch
    {
        ChatPart.Text text => $"text {Quoted(text.Value)}{Mark(part)}",
        ChatPart.Image image => $"image {image.Url} {image.MediaType} {image.Data} {image.Detail}{Mark(part)}",
        ChatPart.Document file => $"document {file.MediaType} {file.Data} {file.Url} {file.FileId} {file.Title}{Mark(part)}",
        ChatPart.ToolCall call => $"call {call.Id} {call.Name} {call.Arguments}{Mark(part)}",
        ChatPart.ToolResult result => $"result {result.CallId} {result.IsError} [{string.Join("; ", result.Content.Select(Of))}]{Mark(part)}",
        ChatPart.Thinking thinking => $"thinking {Quoted(thinking.Value)} {thinking.Signature}",
        ChatPart.RedactedThinking redacted => $"redacted {redacted.Data}",
        ChatPart.Refusal refusal => $"refusal {Quoted(refusal.Value)}",
        _ => throw new InvalidOperationException(),
    };

    public static string Of(ChatRequest request)
    {
        var text = new StringBuilder();
        foreach (var message in request.Messages)
            text.Append(message.Role).Append(' ').Append(message.Name).Append(": ").AppendJoin(" | ", message.Parts.Select(Of)).Append('\n');
        foreach (var tool in request.Tools) text.Append("tool ").Append(tool.Name).Append(' ').Append(tool.Description).Append(' ').Append(tool.Parameters).Append(' ').Append(tool.Strict).Append('\n');
        text.Append(request.ToolChoice).Append(request.ParallelToolCalls).Append('\n');
        text.Append(request.MaxOutputTokens).Append(' ').Append(request.Temperature).Append(' ').Append(request.TopP).Append(' ').Append(request.TopK).Append('\n');
        text.AppendJoin(',', request.Stop.Select(Quoted)).Append(' ').Append(request.User).Append(' ').Append(request.Stream).Append(' ').Append(request.ServiceTier).Append('\n');
        text.Append(request.Thinking).Append(' ').Append(request.ResponseFormat?.Kind).Append(request.ResponseFormat?.Schema).Append(' ').Append(request.N).Append(' ').Append(request.Seed);
        return text.ToString();
    }

    public static string Quoted(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();

    private static string Mark(ChatPart part) => part.CacheControl is { } mark ? " " + mark.GetRawText() : "";
}
