using Milliways.Limits;

namespace Milliways.Catalogue;

/// <summary>What is known of a model by its name.</summary>
internal sealed record CatalogueModel(string Id)
{
    /// <summary>Who makes it, as model lists show.</summary>
    public string OwnedBy { get; init; } = "xai";

    /// <summary>Tokens of prompt and answer together; null when unknown.</summary>
    public int? Context { get; init; }

    public int? MaxOutput { get; init; }

    public IReadOnlyList<string> Inputs { get; init; } = ["text"];

    /// <summary>False: <see cref="Inputs"/> is a guess for model lists, and nothing is refused by it.</summary>
    public bool InputsAreKnown { get; init; }

    public IReadOnlyList<string> Outputs { get; init; } = ["text"];

    /// <summary>Null: no price is known.</summary>
    public PriceList? Price { get; init; }

    /// <summary>Of every team, unless the operator says otherwise.</summary>
    public LimitSet Limits { get; init; } = LimitSet.None;

    /// <summary>Other names of the same model.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    public string Version { get; init; } = "1.0.0";

    /// <summary>Unix seconds.</summary>
    public long Created { get; init; } = 1730764800; // 2024-11-05, the start of the public beta

    public bool IsEmbedding => Outputs.Contains("embedding");
}
