using Milliways.Engines;

namespace Milliways.Catalogue;

/// <summary>What the embedded models are; known from their profiles before the engine has loaded anything.</summary>
internal sealed class EngineFacts(EmbeddedModels models)
{
    public CatalogueModel Chat(string id) => new(id)
    {
        OwnedBy = models.Chat.Owner,
        Context = models.Chat.Context,
        MaxOutput = models.Chat.Context,
        InputsAreKnown = true,
        Price = default(ModelPrice), // local models are free
        Created = 0,
    };

    public CatalogueModel Embedding(string id) => new(id)
    {
        OwnedBy = models.Embedding?.Owner ?? "milliways",
        Context = models.Embedding?.Context,
        Outputs = ["embedding"],
        Price = default(ModelPrice),
        Created = 0,
    };
}
