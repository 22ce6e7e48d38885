using Milliways.Engines;

namespace Milliways.Catalogue;

/// <summary>What the embedded models are; known from their profiles before the engine has loaded anything.</summary>
internal sealed class EngineFacts(EmbeddedModels models)
{
    /// <summary>False when its file is missing or could not be loaded.</summary>
    public bool HasChat => models.Chat.Trouble is null;

    public bool HasEmbedding => models.Embedding is { Trouble: null };

    public CatalogueModel Chat(string id) => new(id)
    {
        OwnedBy = models.Chat.Owner,
        Context = models.Chat.Context,
        MaxOutput = models.Chat.Context,
        InputsAreKnown = true,
        Price = PriceList.Free, // local models are
        Created = models.Chat.Created,
    };

    public CatalogueModel Embedding(string id) => new(id)
    {
        OwnedBy = models.Embedding?.Owner ?? "milliways",
        Context = models.Embedding?.Context,
        Outputs = ["embedding"],
        Price = PriceList.Free,
        Created = models.Embedding?.Created ?? 0,
    };
}
