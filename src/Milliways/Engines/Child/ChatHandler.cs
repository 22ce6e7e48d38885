using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Engine;
using Milliways.Exchanges;
using StreamWriter = Milliways.Dialects.OpenAiChat.StreamWriter;

namespace Milliways.Engines.Child;

/// <summary>POST /v1/chat/completions and its token count, in the engine's process.</summary>
internal sealed class ChatHandler(EngineModels models, TimeProvider time)
{
    public async Task<Failure?> CompleteAsync(HttpContext http)
    {
        var request = RequestReader.Read(await EngineEndpoints.BodyAsync(http));
        if (!request.IsOk)
            return request.Failure;
        if (models.RefuseChat(request.Value.Model) is { } wrongModel)
            return wrongModel;
        if (models.Chat is not { } chat)
            return models.NoChat;
        if (ChatPrompt.Check(request.Value) is { } unsupported)
            return unsupported;
        var prompt = Render(chat, request.Value);
        if (!prompt.IsOk)
            return prompt.Failure;
        var admission = chat.Submit(
            ChatPrompt.Generation(request.Value, prompt.Value, http.Request.Headers[EngineHeaders.Fairness].ToString()), http.RequestAborted);
        if (admission.Refusal is { } refusal)
            return Refusals.ToFailure(refusal);

        var options = Options(http, request.Value);
        var events = new GenerationEvents(admission.Generation!, options);
        if (!request.Value.Stream)
            return await WholeAsync(http, events, options);
        await StreamAsync(http, events, options);
        return null;
    }

    public async Task<Failure?> CountAsync(HttpContext http)
    {
        var request = RequestReader.Read(await EngineEndpoints.BodyAsync(http));
        if (!request.IsOk)
            return request.Failure;
        if (models.RefuseChat(request.Value.Model) is { } wrongModel)
            return wrongModel;
        if (models.Chat is not { } chat)
            return models.NoChat;
        var prompt = Render(chat, request.Value);
        if (!prompt.IsOk)
            return prompt.Failure;
        await EngineEndpoints.AnswerAsync(http, EngineJson.Count(prompt.Value.Count));
        return null;
    }

    private Reading<Prompt> Render(LanguageModel chat, ChatRequest request)
    {
        var messages = ChatPrompt.Messages(request);
        if (!messages.IsOk)
            return messages.Failure;
        try
        {
            return chat.Render(messages.Value);
        }
        catch (EngineException unusable)
        {
            return Failure.Unsupported($"The model {models.ChatName} cannot chat: {unusable.Message}.", "model");
        }
    }

    private static async Task<Failure?> WholeAsync(HttpContext http, GenerationEvents events, OpenAiWriteOptions options)
    {
        var fold = new ChatFold();
        // The head goes out when the answer begins: it tells the server that this request no longer waits, so that it is not tried again when we die.
        await events.NextAsync(fold, http.RequestAborted);
        if (fold.Failure is not null)
            return fold.Failure;
        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted); // starting alone would leave the head in the buffer
        await events.ReadAllAsync(fold, http.RequestAborted);
        if (fold.Failure is not null)
        {
            http.Abort();
            return null;
        }
        ResponseWriter.Write(fold, options, http.Response.BodyWriter);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        return null;
    }

    /// <summary>One flush for all events that are there: more would be system calls, fewer would be delay.</summary>
    private static async Task StreamAsync(HttpContext http, GenerationEvents events, OpenAiWriteOptions options)
    {
        var output = http.Response.BodyWriter;
        using var writer = new StreamWriter(output, options);
        http.Response.ContentType = "text/event-stream";
        while (await events.NextAsync(writer, http.RequestAborted))
        {
            if (events.Failure is not null)
                break;
            await output.FlushAsync(http.RequestAborted);
        }
        if (events.Failure is { } failure)
        {
            writer.WriteFailure(failure, output);
            await output.FlushAsync(http.RequestAborted);
            http.Abort();
            return;
        }
        writer.WriteTail(output);
        await output.FlushAsync(http.RequestAborted);
    }

    private OpenAiWriteOptions Options(HttpContext http, ChatRequest request)
    {
        var headers = http.Request.Headers;
        var flavour = headers[EngineHeaders.Flavour] == "xai" ? Flavour.Xai : Flavour.OpenAi;
        var id = headers["x-request-id"].ToString();
        if (id.Length != 36 || !id.StartsWith("req_", StringComparison.Ordinal))
            id = "req_" + Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        return new OpenAiWriteOptions
        {
            Flavour = flavour,
            Id = AnswerIds.Chat(id, flavour),
            Model = models.ChatName,
            Created = time.GetUtcNow().ToUnixTimeSeconds(),
            IncludeUsage = request.IncludeUsage,
            TellStopSequence = headers[EngineHeaders.TellStop] == "true",
            Fingerprint = Fingerprints.Of(models.ChatName),
        };
    }
}
