using System.Text.Json.Nodes;
using Google.Protobuf;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.EndToEnd.Recorded;

/// <summary>One gRPC call as a client made it, with the status that the client's stand-in answered.</summary>
internal sealed record RecordedCall(string Method, JsonNode Sent, string Status)
{
    public byte[] Message => Convert.FromBase64String(Sent["message_base64"]!.GetValue<string>());

    /// <summary>Seconds.</summary>
    public int Deadline => Sent["deadline_s"]!.GetValue<int>();

    public IEnumerable<(string Name, string Value)> Metadata(string key) =>
        Sent["metadata"]!.AsArray().Select(pair => (pair![0]!.GetValue<string>(), pair[1]!.GetValue<string>().Replace("<key>", key, StringComparison.Ordinal)));

    /// <summary>The bytes as they were, but for an id that only the stand-in knew, and for the model's name where another upstream than Chat is to serve it.</summary>
    public byte[] For(string upstream, string id)
    {
        switch (Sent["message_type"]!.GetValue<string>())
        {
            case "xai_api.GetCompletionsRequest":
                var chat = GetCompletionsRequest.Parser.ParseFrom(Message);
                if (chat.Model == "mw-broken")
                    chat.Model = $"cut@{upstream}";
                else if (upstream != "openai-chat" && chat.Model.StartsWith("grok-", StringComparison.Ordinal))
                    chat.Model = $"{chat.Model}@{upstream}";
                else if (!chat.HasPreviousResponseId)
                    return Message;
                if (chat.HasPreviousResponseId)
                    chat.PreviousResponseId = id;
                return chat.ToByteArray();
            case "xai_api.GetDeferredRequest":
                return new GetDeferredRequest { RequestId = id }.ToByteArray();
            case "xai_api.GetStoredCompletionRequest":
                return new GetStoredCompletionRequest { ResponseId = id }.ToByteArray();
            case "xai_api.DeleteStoredCompletionRequest":
                return new DeleteStoredCompletionRequest { ResponseId = id }.ToByteArray();
            default:
                return Message;
        }
    }
}

/// <summary>The calls of one use of the client, in order.</summary>
internal sealed record RecordedConversation(string Name, IReadOnlyList<RecordedCall> Calls)
{
    public bool IsChat => Calls[0].Method.StartsWith("/xai_api.Chat/", StringComparison.Ordinal);

    public static IEnumerable<RecordedConversation> Read(string file) =>
        from vector in JsonNode.Parse(System.IO.File.ReadAllText(file))!["vectors"]!.AsArray()
        let calls = vector["exchanges"]!.AsArray().Where(exchange => exchange!["request"]!["message_base64"] is not null)
            .Select(exchange => new RecordedCall(exchange!["request"]!["method"]!.GetValue<string>(), exchange["request"]!, exchange["answer"]!["code"]!.GetValue<string>())).ToList()
        where calls.Count > 0
        select new RecordedConversation($"{Path.GetFileNameWithoutExtension(file)}: {vector["name"]}", calls);
}
