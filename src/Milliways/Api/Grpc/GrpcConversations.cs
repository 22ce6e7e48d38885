using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using RequestReader = Milliways.Dialects.OpenAiResponses.RequestReader;

using ApiKey = Milliways.Keys.ApiKey;

namespace Milliways.Api.Grpc;

/// <summary>
/// Conversations that are kept, in the one store and the one form that /v1/responses has: what was begun over gRPC can be read, continued and deleted over REST
/// and the other way round.
/// </summary>
internal sealed class GrpcConversations(StoredResponses responses, TimeProvider time)
{
    private static readonly byte[] NothingNew = """{"model":"-","input":[]}"""u8.ToArray();

    /// <summary>The messages before a request that continues a response.</summary>
    public async ValueTask<Reading<ChatMessage[]>> EarlierAsync(ApiKey key, string previous)
    {
        var turns = await responses.EarlierAsync(key.Team.Account, previous);
        if (!turns.IsOk)
            return turns.Failure.Code == "previous_response_not_found" ? turns.Failure with { Kind = FailureKind.NotFound } : turns.Failure;
        var read = RequestReader.Read(NothingNew, new ResponsesReadOptions { KeepsAnswers = true, Earlier = EarlierItems.Arrays(turns.Value) });
        return read.IsOk ? read.Value.Messages.ToArray() : read.Failure;
    }

    /// <summary>What keeps the answer to a request.</summary>
    public GrpcKeeper Keep(GetCompletionsRequest message) => new(responses, message);

    /// <summary>Chat.GetStoredCompletion.</summary>
    public async ValueTask<Reading<GetChatCompletionResponse>> FindAsync(ApiKey key, string id)
    {
        if (await responses.FindAsync(key.Team.Account, id) is not { } found)
            return ResponseEndpoints.Unknown(id);
        if (found.IsWaiting)
            return new Failure(FailureKind.Overloaded, FailureParty.Client, "stored", $"The response {id} is not done yet: ask again.") { RetryAfterSeconds = 1 };
        var fold = new ChatFold();
        ResponsesDialect.Instance.ReadAnswer(found.Body, fold);
        if (!fold.IsComplete)
            return fold.Failure ?? new Failure(FailureKind.NotFound, FailureParty.Client, "stored", $"The response {id} ended without an answer.");
        return AnswerWriter.Write(fold, Facts(fold, id, found.Created, time), costTicks: ResponseObject.CostOf(found.Body));
    }

    /// <summary>What an answer that is kept as JSON says of itself.</summary>
    /// <param name="made">When it was kept, for those that do not say when they were made.</param>
    public static AnswerFacts Facts(ChatFold fold, string id, DateTimeOffset? made, TimeProvider time)
    {
        var model = fold.Model ?? "";
        var created = fold.Created > 0 ? fold.Created : (made ?? time.GetUtcNow()).ToUnixTimeSeconds();
        return new AnswerFacts(fold.Id ?? id, model, created, new ChatRequest { Model = model, Messages = [], EncryptedReasoning = true })
        {
            Flavour = Flavour.Xai,
            Fingerprint = fold.Fingerprint ?? Catalogue.Fingerprints.Of(model),
        };
    }
}
