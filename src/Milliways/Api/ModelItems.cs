using System.Text.Json.Serialization;
using Milliways.Catalogue;

namespace Milliways.Api;

/// <summary>OpenAI's and xAI's minimal list (xai-api 1.10), with the context that Chatbox reads and who really serves the name.</summary>
internal sealed record ModelList(ModelItem[] Data)
{
    public string Object => "list";
}

internal sealed record ModelItem(string Id, long Created, string OwnedBy, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ContextLength, string ServedBy)
{
    public string Object => "model";

    public static ModelItem Of(ServedModel served) =>
        new(served.Model.Id, served.Model.Created, served.Model.OwnedBy, served.Model.Context, served.ServedBy);
}

/// <summary>Anthropic's list (dialects 2.9).</summary>
internal sealed record MessagesModelList(MessagesModelItem[] Data, bool HasMore, string? FirstId, string? LastId);

internal sealed record MessagesModelItem(string Id, string DisplayName, string CreatedAt, int? MaxInputTokens, int? MaxTokens)
{
    public string Type => "model";

    public static MessagesModelItem Of(ServedModel served) => new(
        served.Model.Id, served.Model.Id, DateTimeOffset.FromUnixTimeSeconds(served.Model.Created).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        served.Model.Context, served.Model.MaxOutput);
}

internal sealed record LanguageModelList(LanguageModelItem[] Models);

/// <summary>Everything xAI tells of a model; prices in cents per 100 million tokens.</summary>
internal sealed record LanguageModelItem
{
    public required string Id { get; init; }

    public required string Fingerprint { get; init; }

    public required long Created { get; init; }

    public string Object => "model";

    public required string OwnedBy { get; init; }

    public required string Version { get; init; }

    public required IReadOnlyList<string> InputModalities { get; init; }

    public required IReadOnlyList<string> OutputModalities { get; init; }

    public long PromptTextTokenPrice { get; init; }

    public long CachedPromptTextTokenPrice { get; init; }

    public long PromptImageTokenPrice { get; init; }

    public long CompletionTextTokenPrice { get; init; }

    /// <summary>Live search is not sold here.</summary>
    public long SearchPrice { get; init; }

    public required IReadOnlyList<string> Aliases { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }

    public required string ServedBy { get; init; }

    /// <param name="now">Whose prices are told.</param>
    public static LanguageModelItem Of(ServedModel served, DateTimeOffset now)
    {
        var (model, price) = (served.Model, served.Model.Price?.At(now) ?? ModelPrice.Free);
        return new LanguageModelItem
        {
            Id = model.Id,
            Fingerprint = Fingerprints.Of(served.ServedBy),
            Created = model.Created,
            OwnedBy = model.OwnedBy,
            Version = model.Version,
            InputModalities = model.Inputs,
            OutputModalities = model.Outputs,
            PromptTextTokenPrice = ModelPrice.Listed(price.Input),
            CachedPromptTextTokenPrice = ModelPrice.Listed(price.CachedInput),
            PromptImageTokenPrice = ModelPrice.Listed(price.ImageInput),
            CompletionTextTokenPrice = ModelPrice.Listed(price.Output),
            Aliases = model.Aliases,
            ContextLength = model.Context,
            ServedBy = served.ServedBy,
        };
    }
}

internal sealed record EmbeddingModelList(EmbeddingModelItem[] Models);

internal sealed record EmbeddingModelItem
{
    public required string Id { get; init; }

    public required string Fingerprint { get; init; }

    public required long Created { get; init; }

    public string Object => "model";

    public required string OwnedBy { get; init; }

    public required string Version { get; init; }

    public required IReadOnlyList<string> InputModalities { get; init; }

    public required IReadOnlyList<string> OutputModalities { get; init; }

    public long PromptTextTokenPrice { get; init; }

    public long PromptImageTokenPrice { get; init; }

    public required IReadOnlyList<string> Aliases { get; init; }

    /// <param name="now">Whose prices are told.</param>
    public static EmbeddingModelItem Of(ServedModel served, DateTimeOffset now) => new()
    {
        Id = served.Model.Id,
        Fingerprint = Fingerprints.Of(served.ServedBy),
        Created = served.Model.Created,
        OwnedBy = served.Model.OwnedBy,
        Version = served.Model.Version,
        InputModalities = served.Model.Inputs,
        OutputModalities = served.Model.Outputs,
        PromptTextTokenPrice = ModelPrice.Listed(served.Model.Price?.At(now)?.Input ?? 0),
        Aliases = served.Model.Aliases,
    };
}

/// <summary>xAI's envelope for image models; its items are never filled here.</summary>
internal sealed record ImageModelList(string[] Models);
