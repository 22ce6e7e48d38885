using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>An answer as the messages of a conversation that goes on: what the client itself would send back (xai-api 3.3, Replay).</summary>
public static class StoredTurns
{
    public static IEnumerable<Message> Of(GetChatCompletionResponse answer)
    {
        foreach (var output in answer.Outputs)
        {
            var message = new Message { Role = output.Message.Role, EncryptedContent = output.Message.EncryptedContent };
            message.Content.Add(new Content { Text = output.Message.Content });
            if (output.Message.ReasoningContent.Length > 0) message.ReasoningContent = output.Message.ReasoningContent;
            message.ToolCalls.AddRange(output.Message.ToolCalls);
            yield return message;
        }
    }
}
