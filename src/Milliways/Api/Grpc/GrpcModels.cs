using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Routing;

using ApiKey = Milliways.Keys.ApiKey;

namespace Milliways.Api.Grpc;

/// <summary>The service Models: what /v1/language-models and its kin tell (xai-api 3.4.2), with the same prices.</summary>
internal sealed class GrpcModels(ModelsEndpoints models, TimeProvider time)
{
    public ListLanguageModelsResponse Languages(ApiKey key)
    {
        var list = new ListLanguageModelsResponse();
        list.Models.AddRange(models.Of(key).Where(model => !model.Model.IsEmbedding).Select(Language));
        return list;
    }

    public Reading<LanguageModel> Language(ApiKey key, string name) =>
        models.Find(key, name) is { Model.IsEmbedding: false } model ? Language(model) : Unknown(key, name);

    public ListEmbeddingModelsResponse Embeddings(ApiKey key)
    {
        var list = new ListEmbeddingModelsResponse();
        list.Models.AddRange(models.Of(key).Where(model => model.Model.IsEmbedding).Select(Embedding));
        return list;
    }

    public Reading<EmbeddingModel> Embedding(ApiKey key, string name) =>
        models.Find(key, name) is { Model.IsEmbedding: true } model ? Embedding(model) : Unknown(key, name);

    /// <summary>Nothing here makes images by itself, as over REST.</summary>
    public static Reading<ImageGenerationModel> Image(ApiKey key, string name) => Unknown(key, name);

    private static Failure Unknown(ApiKey key, string name) =>
        name.Length == 0 ? Failure.Invalid("`name` is empty: give the name of a model.", "name") : UnknownModel.Failure(name, key.Team);

    private LanguageModel Language(ServedModel served)
    {
        var item = LanguageModelItem.Of(served, time.GetUtcNow());
        var model = new LanguageModel
        {
            Name = item.Id,
            Version = item.Version,
            PromptTextTokenPrice = item.PromptTextTokenPrice,
            PromptImageTokenPrice = item.PromptImageTokenPrice,
            CachedPromptTokenPrice = item.CachedPromptTextTokenPrice,
            CompletionTextTokenPrice = item.CompletionTextTokenPrice,
            SearchPrice = item.SearchPrice,
            Created = new Timestamp { Seconds = item.Created },
            MaxPromptLength = item.ContextLength ?? 0,
            SystemFingerprint = item.Fingerprint,
        };
        model.Aliases.AddRange(item.Aliases);
        Add(model.InputModalities, item.InputModalities);
        Add(model.OutputModalities, item.OutputModalities);
        return model;
    }

    private EmbeddingModel Embedding(ServedModel served)
    {
        var item = EmbeddingModelItem.Of(served, time.GetUtcNow());
        var model = new EmbeddingModel
        {
            Name = item.Id,
            Version = item.Version,
            PromptTextTokenPrice = item.PromptTextTokenPrice,
            PromptImageTokenPrice = item.PromptImageTokenPrice,
            Created = new Timestamp { Seconds = item.Created },
            SystemFingerprint = item.Fingerprint,
        };
        model.Aliases.AddRange(item.Aliases);
        Add(model.InputModalities, item.InputModalities);
        Add(model.OutputModalities, item.OutputModalities);
        return model;
    }

    private static void Add(RepeatedField<Modality> modalities, IReadOnlyList<string> words) => modalities.AddRange(words.Select(word => word switch
    {
        "text" => Modality.Text,
        "image" => Modality.Image,
        "embedding" => Modality.Embedding,
        _ => Modality.InvalidModality,
    }));
}
